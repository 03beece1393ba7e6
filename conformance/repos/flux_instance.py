"""The FluxInstance of a fleet: what the Flux Operator makes a cluster's Flux from.

It lies in Git, in the folder that its own sync applies, so that an edit in the cluster does not last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.errors import InputError
from conformance.model import Manifest
from conformance.repos.yaml_files import dump, load_objects, yaml_files

API_VERSION = "fluxcd.controlplane.io/v1"
KIND = "FluxInstance"
NAME = "flux"
"""The only name that the operator takes (api/v1/fluxinstance_types.go)."""
SOURCE = "GitRepository"


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxInstance:
    """The FluxInstance of one environment, and where it is written."""

    path: Path
    manifest: Manifest

    @property
    def pull_secret(self) -> str:
        """Name of the Secret with which the sync reads the fleet."""
        return str(self.manifest["spec"]["sync"].get("pullSecret", ""))


def find(root: Path, folder: str, namespace: str, kinds: Sequence[str] = (SOURCE,)) -> FluxInstance:
    """Return the FluxInstance of a folder of a fleet.

    Args:
        kinds: what its sync may apply; a fleet is given as Git, and may be pushed as an artifact.

    Raises:
        InputError: there is not exactly one, or its sync does not apply this very folder of a Git repository.
    """
    found = [
        FluxInstance(path=path, manifest=one)
        for path in yaml_files(root / folder)
        for one in load_objects(path)
        if one.get("kind") == KIND and str(one.get("apiVersion", "")).startswith("fluxcd.controlplane.io/")
    ]
    if len(found) != 1:
        raise InputError(
            f"{root / folder}: {len(found)} objects of kind {KIND}, and the Flux Operator takes exactly one",
            hint=f"put {KIND} {namespace}/{NAME} there; the reference fleet shows one.",
        )
    _check(found[0], folder, namespace, kinds)
    return found[0]


def adapt(instance: FluxInstance, *, url: str, version: str, images: Mapping[str, str]) -> list[str]:
    """Write the FluxInstance anew for the local servers and the Flux release under certification.

    Args:
        images: of controllers, to be named without the digest that the operator gives them: name -> image.

    Returns:
        What was changed, in words, for the report.
    """
    changes = {"sync": {"url": url}, "distribution": {"version": version}}
    spec: dict[str, Any] = dict(instance.manifest["spec"])
    said = []
    for part, values in changes.items():
        said += [f"spec.{part}.{key} is {value}" for key, value in values.items() if spec[part].get(key) != value]
        spec[part] = {**spec[part], **values}
    if spec["distribution"].pop("artifact", None):
        # Manifests from elsewhere would not be those that were certified; the operator brings its own.
        said.append("spec.distribution.artifact is taken out")
    if images:
        kustomize = spec.get("kustomize") or {}
        patches = [*(kustomize.get("patches") or ()), *(_image(name, image) for name, image in images.items())]
        spec["kustomize"] = {**kustomize, "patches": patches}
        said.append(f"spec.kustomize.patches name {', '.join(images.values())} without a digest: loaded by tag")
    instance.path.write_text(dump([{**instance.manifest, "spec": spec}]), encoding="utf-8")
    return [f"FluxInstance: {one}" for one in said]


def _image(name: str, image: str) -> Manifest:
    patch = f"- {{op: replace, path: /spec/template/spec/containers/0/image, value: '{image}'}}\n"
    return {"target": {"kind": "Deployment", "name": name}, "patch": patch}


def _check(instance: FluxInstance, folder: str, namespace: str, kinds: Sequence[str]) -> None:
    metadata, spec = instance.manifest.get("metadata") or {}, instance.manifest.get("spec") or {}
    sync = spec.get("sync") or {}
    wanted = {
        "metadata.name": (metadata.get("name"), NAME),
        "metadata.namespace": (metadata.get("namespace"), namespace),
        "spec.sync.kind": (sync.get("kind"), sync.get("kind") if sync.get("kind") in kinds else SOURCE),
        "spec.sync.path": (str(sync.get("path", "")).removeprefix("./").rstrip("/"), folder),
    }
    wrong = [f"{key} is {seen or 'not there'}, not {value}" for key, (seen, value) in wanted.items() if seen != value]
    private = sync.get("kind") == SOURCE or "kind" not in sync
    wrong += ["spec.sync.pullSecret is not there"] if private and not sync.get("pullSecret") else []
    wrong += ["spec.distribution.version is not there"] if not (spec.get("distribution") or {}).get("version") else []
    if wrong:
        raise InputError(
            f"{instance.path}: {'; '.join(wrong)}",
            hint="the sync applies its own folder, so that the FluxInstance itself is restored from Git.",
        )
