"""Reversible changes to what Flux Operator keeps: its FluxInstance, its own Deployment, who may write FluxInstances.

The operator repairs a controller's Deployment; so a change that is to last goes into the FluxInstance.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.wait import eventually, object_until
from conformance.model import Capability, Manifest

OPERATOR = "flux-operator"
_ANNOTATIONS = "fluxcd.controlplane.io/"
_RECONCILE, _EVERY = f"{_ANNOTATIONS}reconcile", f"{_ANNOTATIONS}reconcileEvery"
_REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
_NEVER = "720h"
"""Longer than any run: drift is not repaired unless somebody asks for it."""
_ARGS = "/spec/template/spec/containers/0/args"


def keeps(platform: Platform, controller: str) -> bool:
    """Return whether the operator keeps this Deployment as its FluxInstance says."""
    return Capability.FLUX_OPERATOR in platform.capabilities and controller != OPERATOR


def instance_of(platform: Platform) -> Ref:
    """Return the address of the platform's FluxInstance."""
    return ref_to("FluxInstance/flux", platform.flux_namespace)


@contextlib.contextmanager
def instance(platform: Platform, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Change the spec of the FluxInstance; in force, and gone, when the operator says that all it made is healthy."""
    ref = instance_of(platform)
    before = platform.client.get(ref)["spec"]
    changed = json.loads(json.dumps(before))
    change(changed)
    try:
        _set(platform, ref, changed)
        yield
    finally:
        _set(platform, ref, before)


def with_arguments(
    platform: Platform, controller: str, wanted: Sequence[str]
) -> contextlib.AbstractContextManager[None]:
    """Give a controller these arguments and no others, by a patch in the FluxInstance."""
    steps = json.dumps([{"op": "replace", "path": _ARGS, "value": list(wanted)}])
    patch = {"target": {"kind": "Deployment", "name": controller}, "patch": steps}

    def change(spec: dict[str, Any]) -> None:
        spec.setdefault("kustomize", {}).setdefault("patches", []).append(patch)

    return instance(platform, change)


def not_multitenant(platform: Platform) -> contextlib.AbstractContextManager[None]:
    """Let the FluxInstance say that nobody shares this Flux."""
    return instance(platform, lambda spec: spec["cluster"].update(multitenant=False))


@contextlib.contextmanager
def unreconciled(platform: Platform) -> Iterator[None]:
    """Tell the operator to leave the FluxInstance alone, as `flux-operator suspend instance` does."""
    ref = instance_of(platform)
    _annotate(platform, ref, {_RECONCILE: "disabled"})
    try:
        yield
    finally:
        _reconcile(platform, ref, {_RECONCILE: None})


@contextlib.contextmanager
def held_still(platform: Platform) -> Iterator[None]:
    """Let the operator repair nothing unless it is asked; on a platform without it there is nothing to do."""
    if Capability.FLUX_OPERATOR not in platform.capabilities:
        yield
        return
    ref = instance_of(platform)
    before = (platform.client.get(ref)["metadata"].get("annotations") or {}).get(_EVERY)
    _reconcile(platform, ref, {_EVERY: _NEVER})
    try:
        yield
    finally:
        _annotate(platform, ref, {_EVERY: before})


def _set(platform: Platform, ref: Ref, spec: Mapping[str, Any]) -> None:
    live = platform.client.patch(ref, [{"op": "replace", "path": "/spec", "value": spec}])
    generation = pick(live, "metadata", "generation")
    _until(platform, ref, lambda s: _ready_for(s, generation), "apply its spec")


def _reconcile(platform: Platform, ref: Ref, annotations: Mapping[str, str | None]) -> None:
    stamp = f"mutant-{platform.client.get(ref)['metadata']['resourceVersion']}"
    _annotate(platform, ref, {**annotations, _REQUESTED_AT: stamp})
    _until(platform, ref, lambda s: pick(s, "status", "lastHandledReconcileAt") == stamp and _ready(s), "reconcile")


def _annotate(platform: Platform, ref: Ref, annotations: Mapping[str, str | None]) -> None:
    platform.client.patch(ref, {"metadata": {"annotations": annotations}})


def _until(platform: Platform, ref: Ref, holds: Callable[[Manifest | None], bool], what: str) -> None:
    timeout = platform.timeouts.mutant_in_force
    state, done = object_until(platform.client, ref, holds, timeout_s=timeout)
    if not done:
        conditions = pick(state, "status", "conditions") or "no status"
        raise BootstrapError(f"{ref} did not {what} within {timeout:g} s: {conditions}")


def _ready_for(state: Manifest | None, generation: int | None) -> bool:
    found = [c for c in pick(state, "status", "conditions") or [] if c["type"] == "Ready"]
    return bool(found and found[0]["status"] == "True" and found[0].get("observedGeneration") == generation)


def _ready(state: Manifest | None) -> bool:
    return _ready_for(state, pick(state, "metadata", "generation"))


@contextlib.contextmanager
def any_name(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Take the rule on names out of the FluxInstance's definition."""
    ref = ref_to("CustomResourceDefinition/fluxinstances.fluxcd.controlplane.io")
    before = platform.client.get(ref)["spec"]
    changed = json.loads(json.dumps(before))
    for version in changed["versions"]:
        version["schema"]["openAPIV3Schema"].pop("x-kubernetes-validations", None)
    try:
        _define(platform, ref, changed, namespaces[0], admitted=True)
        yield
    finally:
        _define(platform, ref, before, namespaces[0], admitted=False)


def _define(platform: Platform, ref: Ref, spec: Mapping[str, Any], namespace: str, *, admitted: bool) -> None:
    platform.client.patch(ref, [{"op": "replace", "path": "/spec", "value": spec}])
    live = platform.client.get(instance_of(platform))
    other = {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {"name": "conformance-canary", "namespace": namespace},
        "spec": {"distribution": live["spec"]["distribution"]},
    }
    eventually(
        lambda: _goes_through(platform, other),
        lambda answer: answer is admitted,
        timeout_s=platform.timeouts.policy_enforced,
        what=f"a FluxInstance of another name is {'admitted' if admitted else 'refused'}",
    )


def _goes_through(platform: Platform, manifest: Manifest) -> bool:
    try:
        platform.client.create(manifest, dry_run=True)
    except ApiError:
        return False
    return True
