"""Reversible changes to controllers and to single objects; mutants are made of them.

Each is a context manager that restores what it found.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance.bootstrap import changes_operator as operator
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.objects import Ref, container_args, container_variables, pick, ref_to
from conformance.kube.wait import object_until
from conformance.model import Capability, Manifest

_FAULT_NAMESPACE = "shared-b"
"""Where a faulty lookup goes: the victim of the shared probe tenants."""


@contextlib.contextmanager
def arguments(platform: Platform, controller: str, *, drop: str = "", add: str = "", unset: str = "") -> Iterator[None]:
    """Change a controller's arguments in its Deployment; in force when its process shows them.

    Where Flux Operator keeps that Deployment, the FluxInstance is changed.

    Args:
        drop: a flag.
        add: a flag with its value.
        unset: a variable that would win over it; taken away where it is.
    """
    ref = ref_to(f"Deployment/{controller}", platform.flux_namespace)
    live = platform.client.get(ref)
    before, variables = container_args(live), container_variables(live)
    kept = [a for a in before if not (drop and a.partition("=")[0] == drop)]
    if drop and kept == before:
        raise BootstrapError(f"{controller} does not have {drop}: there is nothing to take away")
    wanted = kept + ([add] if add else [])
    if operator.keeps(platform, controller):
        with operator.with_arguments(platform, controller, wanted):
            yield
        return
    fewer = [one for one in variables if one["name"] != unset]
    _roll_out(platform, ref, wanted, fewer if fewer != variables else None)
    try:
        yield
    finally:
        _roll_out(platform, ref, before, variables if fewer != variables else None)


def _roll_out(platform: Platform, ref: Ref, wanted: list[str], variables: list[dict[str, Any]] | None) -> None:
    container = "/spec/template/spec/containers/0"
    steps: list[dict[str, Any]] = [{"op": "replace", "path": f"{container}/args", "value": wanted}]
    if variables is not None:
        steps.append({"op": "replace", "path": f"{container}/env", "value": variables})
    platform.client.patch(ref, steps)
    timeout = platform.timeouts.mutant_in_force
    _, done = object_until(platform.client, ref, rolled_out, timeout_s=timeout)
    if not done:
        raise BootstrapError(f"{ref} was not rolled out within {timeout:g} s")


def rolled_out(deployment: Manifest | None) -> bool:
    """Whether all Pods of a Deployment are of its present template, and available."""
    status = pick(deployment, "status") or {}
    wanted = pick(deployment, "spec", "replicas")
    current = status.get("observedGeneration") == pick(deployment, "metadata", "generation")
    counts = {status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")}
    return bool(current and counts == {wanted})


@contextlib.contextmanager
def faulty_binary(platform: Platform, controller: str, fault: str) -> Iterator[None]:
    """Run a controller from its mutated build with one fault switched on."""
    host = platform.cluster.host
    if host is None or Capability.FAULTY_BUILDS not in platform.cluster.capabilities:
        raise BootstrapError("a faulty controller needs a provider that runs the controllers itself (embedded)")
    variables = {"FLUX_TENANCY_FAULT": fault, "FLUX_TENANCY_FAULT_NAMESPACE": _FAULT_NAMESPACE}
    host.with_fault(controller, platform.binary(f"{controller}+unguarded"), variables)
    try:
        yield
    finally:
        host.without_fault(controller)


@contextlib.contextmanager
def patched(
    platform: Platform,
    ref: Ref,
    change: Callable[[dict[str, Any]], None],
    *,
    in_force: Callable[[bool], None] = lambda _: None,
) -> Iterator[None]:
    """Change an object's spec (or data), and put the old one back; `in_force(True|False)` waits for either."""
    live = platform.client.get(ref)
    part = "data" if "data" in live else "spec"
    changed = _copy(live[part])
    change(changed)
    _replace(platform, ref, part, changed)
    try:
        in_force(True)
        yield
    finally:
        _replace(platform, ref, part, live[part])
        in_force(False)


def _replace(platform: Platform, ref: Ref, part: str, value: Any) -> None:
    platform.client.patch(ref, [{"op": "replace", "path": f"/{part}", "value": value}])


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
