"""A fleet that is synced from an OCI artifact: what a platform team changes in it, and what the local registry needs.

The FluxInstance names the artifact in place of the Git repository, and each Kustomization of the platform the source of
that kind.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.model import Manifest
from conformance.repos.flux_instance import FluxInstance
from conformance.repos.probes import FLUX_KUSTOMIZATION, is_kind
from conformance.repos.yaml_files import dump, load_objects, yaml_files

KIND = "OCIRepository"
TAG = "latest"
INSECURE: Mapping[str, Any] = {
    "target": {"kind": KIND},
    "patch": '[{"op": "add", "path": "/spec/insecure", "value": true}]',
}
"""The registry of the run speaks HTTP, as its Git server does."""


def sync_by_artifact(instance: FluxInstance, url: str) -> list[str]:
    """Write the FluxInstance anew, with a sync of the artifact `url`; return what was changed, for the report."""
    spec: dict[str, Any] = dict(instance.manifest["spec"])
    kept = {key: value for key, value in spec["sync"].items() if key not in ("pullSecret", "provider")}
    spec["sync"] = {**kept, "kind": KIND, "url": url, "ref": TAG}
    kustomize = spec.get("kustomize") or {}
    spec["kustomize"] = {**kustomize, "patches": [*kustomize.get("patches", []), INSECURE]}
    instance.path.write_text(dump([{**instance.manifest, "spec": spec}]), encoding="utf-8")
    said = {"kind": KIND, "url": url, "ref": TAG, "pullSecret": "taken out"}
    changed = [f"FluxInstance: spec.sync.{key} is {value}" for key, value in said.items()]
    return [*changed, f"FluxInstance: spec.kustomize.patches sets insecure on {KIND}"]


def turn(folders: Iterable[Path], source: str) -> list[Path]:
    """Let each Kustomization of these folders that names the GitRepository `source` name the artifact; return files."""
    written = []
    for path in (path for folder in folders for path in yaml_files(folder)):
        objects = load_objects(path)
        turned = [turned_to(one, source, KIND) for one in objects]
        if turned != objects:
            path.write_text(dump(turned), encoding="utf-8")
            written.append(path)
    return written


def turned_to(one: Manifest, source: str, kind: str) -> Manifest:
    """Return a Kustomization that names the platform's own source with the kind that it has; others as they are."""
    named = (one.get("spec") or {}).get("sourceRef") or {}
    if not is_kind(one, FLUX_KUSTOMIZATION, "Kustomization") or _key(named) != ("GitRepository", source):
        return one
    return {**one, "spec": {**one["spec"], "sourceRef": {**named, "kind": kind}}}


def tenants_spec(folder: str, patches: Sequence[Mapping[str, Any]] = (INSECURE,)) -> dict[str, Any]:
    """Return what the sync of tenants says whose sources are artifacts."""
    return {"path": f"./{folder}", "patches": list(patches)}


def resource_set_spec(folder: str, resource_set: Manifest) -> dict[str, Any]:
    """Return what the sync of tenants says that applies this ResourceSet, whose tenants have artifacts as sources."""
    places = [place for place, one in enumerate(resource_set["spec"]["resources"]) if one["kind"] == KIND]
    added = [{"op": "add", "path": f"/spec/resources/{place}/spec/insecure", "value": True} for place in places]
    # By name: the set of the checks' tenants, which has other sources, is applied by a copy of this sync.
    target = {"kind": "ResourceSet", "name": resource_set["metadata"]["name"]}
    return tenants_spec(folder, [{"target": target, "patch": json.dumps(added)}])


def _key(named: Mapping[str, Any]) -> tuple[str, str]:
    return str(named.get("kind", "")), str(named.get("name", ""))
