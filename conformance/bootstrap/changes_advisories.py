"""Reversible changes to what published advisories were about: the patterns of Flux's API."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.bootstrap.changes import patched
from conformance.bootstrap.platform import Platform
from conformance.kube.client import ApiError
from conformance.kube.objects import ref_to
from conformance.kube.wait import eventually
from conformance.model import Manifest

_CHART = {"chart": "canary", "sourceRef": {"kind": "HelmRepository", "name": "canary"}}
_FILES = {"prune": False, "sourceRef": {"kind": "GitRepository", "name": "canary"}}
_SPECS: Mapping[str, Mapping[str, Any]] = {
    "GitRepository": {"url": "https://canary.invalid/x"},
    "HelmRepository": {"url": "https://canary.invalid/x"},
    "OCIRepository": {"url": "oci://canary.invalid/x"},
    "HelmChart": _CHART,
    "Kustomization": _FILES,
    "HelmRelease": {"chart": {"spec": _CHART}},
}
_NO_INTERVAL = {"interval": "canary"}
_NO_INDEX = {"interval": "1h", "valuesFrom": [{"kind": "ConfigMap", "name": "canary", "targetPath": "x[99999999]"}]}


@contextlib.contextmanager
def without_duration_patterns(platform: Platform, _: Sequence[str]) -> Iterator[None]:
    """Let the API admit any word for spec.interval."""
    with contextlib.ExitStack() as stack:
        for kind in _SPECS:
            stack.enter_context(_without_pattern(platform, kind, ("interval",), _NO_INTERVAL))
        yield


def without_index_pattern(platform: Platform, _: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let the API admit any index in valuesFrom[].targetPath of HelmReleases."""
    return _without_pattern(platform, "HelmRelease", ("valuesFrom", "items", "targetPath"), _NO_INDEX)


def _without_pattern(
    platform: Platform, kind: str, path: Sequence[str], refused: Mapping[str, Any]
) -> contextlib.AbstractContextManager[None]:
    canary = _canary(platform, kind, refused)
    group = canary["apiVersion"].partition("/")[0]
    plural = f"{kind.lower()}s".replace("repositorys", "repositories")

    def change(spec: dict[str, Any]) -> None:
        for version in spec["versions"]:
            _drop_pattern(version["schema"]["openAPIV3Schema"]["properties"]["spec"], path)

    def in_force(mutated: bool) -> None:
        eventually(
            lambda: _admitted(platform, canary),
            lambda admitted: admitted is mutated,
            timeout_s=platform.timeouts.policy_enforced,
            what=f"the API {'admits' if mutated else 'refuses'} {refused} in a {kind}",
        )

    return patched(platform, ref_to(f"CustomResourceDefinition/{plural}.{group}"), change, in_force=in_force)


def _drop_pattern(schema: dict[str, Any], path: Sequence[str]) -> None:
    """Take the pattern off the property at a path; a version of the API that lacks the property stays as it is."""
    for step in path:
        schema = schema.get("items", {}) if step == "items" else schema.get("properties", {}).get(step, {})
    schema.pop("pattern", None)


def _canary(platform: Platform, kind: str, spec: Mapping[str, Any]) -> Manifest:
    metadata = {"name": "conformance-canary", "namespace": platform.flux_namespace}
    api_version = ref_to(f"{kind}/x").api_version
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {**_SPECS[kind], **spec}}


def _admitted(platform: Platform, canary: Manifest) -> bool:
    try:
        platform.client.create(canary, dry_run=True)
    except ApiError:
        return False
    return True
