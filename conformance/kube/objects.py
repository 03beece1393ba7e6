"""References to Kubernetes objects, as checks and messages name them."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.model import Manifest

PART_OF_FLUX = "app.kubernetes.io/part-of=flux"
"""Label of all objects of Flux, in its own manifests and in those of Flux Operator."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """An object's address; its text form is `namespace/Kind/name`."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""

    @classmethod
    def of(cls, manifest: Manifest) -> "Ref":
        """Return the address of a manifest.

        Raises:
            KeyError: apiVersion, kind or metadata.name is missing.
        """
        metadata = manifest["metadata"]
        return cls(manifest["apiVersion"], manifest["kind"], metadata["name"], metadata.get("namespace", ""))

    @property
    def label(self) -> str:
        """`Kind/name`, the key of a scenario's object."""
        return f"{self.kind}/{self.name}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.label}" if self.namespace else self.label


def pick(source: Any, *path: str | int) -> Any:
    """Return the value at a path of keys and indexes, or None where the path ends early."""
    for step in path:
        if isinstance(source, Mapping):
            source = source.get(step)
        elif isinstance(source, list) and isinstance(step, int) and step < len(source):
            source = source[step]
        else:
            return None
    return source


def replaced(source: Any, path: Sequence[str], value: Any) -> Any:
    """Return a copy with another value at a path of keys; a number in it is a list's index."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(source, list):
        items = list(source)
        items[int(step)] = replaced(items[int(step)], rest, value)
        return items
    return {**source, step: replaced(source.get(step, {}), rest, value)}


def is_ready(state: Manifest | None) -> bool:
    """Whether Ready is True for the present generation, by the condition's own count."""
    generation = pick(state, "metadata", "generation")
    conditions = pick(state, "status", "conditions") or []
    ready = [one for one in conditions if one["type"] == "Ready" and one["status"] == "True"]
    return bool(ready and ready[0].get("observedGeneration") == generation)


def main_container(manifest: Manifest) -> Manifest:
    """Return the container of a Deployment or Pod that is the controller: `manager`, as in Flux, else the first one.

    A sidecar that a patch adds comes before it: kustomize prepends. Empty where there is none.
    """
    spec = pick(manifest, "spec", "template", "spec") or manifest.get("spec", {})
    found: list[Manifest] = pick(spec, "containers") or []
    return next((one for one in found if one.get("name") == "manager"), found[0] if found else {})


def container_args(manifest: Manifest) -> list[str]:
    """Return the controller's `args` of a Deployment or Pod."""
    return list(main_container(manifest).get("args") or [])


def container_words(manifest: Manifest) -> list[str]:
    """Return all that the controller's process is given: what its `command` says behind the program, then `args`."""
    return [*(main_container(manifest).get("command") or [])[1:], *container_args(manifest)]


def container_variables(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the controller's environment of a Deployment or Pod, as it is written there."""
    return list(main_container(manifest).get("env") or [])


def argument(arguments: Sequence[str], flag: str) -> str:
    """Return what Go's flag packages take a flag for, as `--flag=value`; empty when it is absent.

    The last occurrence counts; the value may be the next argument; none is `true`.
    """
    said = ""
    for one, after in itertools.pairwise([*arguments, "--"]):
        name, equals, value = one.partition("=")
        if name == flag:
            bare = "true" if after.startswith("-") else after
            said = f"{flag}={value if equals else bare}"
    return said


def feature_gates(arguments: Sequence[str]) -> frozenset[str]:
    """Return the feature gates that arguments switch on, as Flux's controllers read `--feature-gates A=true,B=1`.

    Each occurrence adds to those before it, and the last word on a gate counts (k8s.io/component-base@v0.36.3:
    cli/flag/map_string_bool.go). A value that Go's ParseBool does not know ends the controller: off.
    """
    said: dict[str, bool] = {}
    for number, one in enumerate(arguments):
        flag, equals, value = one.partition("=")
        if flag.lstrip("-") == "feature-gates":
            pairs = value if equals else "".join(arguments[number + 1 : number + 2])
            said |= {gate.strip(): on.strip() in _TRUE for gate, _, on in (p.partition("=") for p in pairs.split(","))}
    return frozenset(gate for gate, on in said.items() if on)


_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
"""What Go's strconv.ParseBool takes for true."""


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of a structure with its dotted path, for structural diffs."""
    if isinstance(value, Mapping):
        items: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        yield path, value
        return
    for key, item in items:
        yield from flatten(item, f"{path}.{key}" if path else str(key))


_API_VERSIONS = {
    "apps/v1": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    "batch/v1": ("Job", "CronJob"),
    "rbac.authorization.k8s.io/v1": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    "apiextensions.k8s.io/v1": ("CustomResourceDefinition",),
    "admissionregistration.k8s.io/v1": (
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
    ),
    "scheduling.k8s.io/v1": ("PriorityClass",),
    "storage.k8s.io/v1": ("StorageClass",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "kustomize.toolkit.fluxcd.io/v1": ("Kustomization",),
    "helm.toolkit.fluxcd.io/v2": ("HelmRelease",),
    "source.toolkit.fluxcd.io/v1": (
        "GitRepository",
        "HelmRepository",
        "OCIRepository",
        "HelmChart",
        "Bucket",
        "ExternalArtifact",
    ),
    "notification.toolkit.fluxcd.io/v1": ("Receiver",),
    "notification.toolkit.fluxcd.io/v1beta3": ("Alert", "Provider"),
    "fluxcd.controlplane.io/v1": ("FluxInstance", "FluxReport", "ResourceSet", "ResourceSetInputProvider"),
    "image.toolkit.fluxcd.io/v1": ("ImageRepository", "ImagePolicy", "ImageUpdateAutomation"),
}
_BY_KIND = {kind: version for version, kinds in _API_VERSIONS.items() for kind in kinds}


def ref_to(label: str, namespace: str = "") -> Ref:
    """Return the address of `Kind/name`; kinds without an entry here are core/v1."""
    kind, _, name = label.partition("/")
    return Ref(_BY_KIND.get(kind, "v1"), kind, name, namespace)
