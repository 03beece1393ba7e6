"""Tenants for the checks, made from the fleet's own tenant base and brought in as the fleet brings in its own.

What is attacked is therefore what a tenant of this fleet gets: its namespace, rights, quota, policies and sync.
"""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.errors import InputError
from conformance.model import Manifest
from conformance.repos.fleet_config import FleetProfile, TenantTemplate
from conformance.repos.yaml_files import dump, load_objects, yaml_files

FOLDER = "conformance-probes"
SYNC_NAME = "conformance-probes"
FLUX_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/"
FLUX_SOURCE = "source.toolkit.fluxcd.io/"

_KEPT_KEYS = frozenset({"apiVersion", "kind", "apiGroup", "apiGroups", "resources", "verbs"})
"""Values of the API, not names of a tenant: a namespace may well be called `apps`."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A tenant for one check or several; tenant, namespace and repository have its name."""

    name: str
    path: str = ""
    """spec.path of its sync; empty: as the template has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSecret:
    """A Secret that a GitRepository refers to, and that the platform makes outside of Git."""

    namespace: str
    name: str
    url: str


def template_objects(objects: Iterable[Manifest], template: TenantTemplate, origin: str) -> list[Manifest]:
    """Return the objects of a fleet that make up the template tenant.

    These are the namespace, all that lies in it, and cluster-wide objects that bear the tenant's name. What tenants
    share, such as the role that they are bound to, is none of them.

    Raises:
        InputError: the namespace, its GitRepository or its Kustomization is not among them; names `origin`.
    """
    own = [one for one in objects if _belongs(one, template)]
    wanted = {"Namespace": "v1", "GitRepository": FLUX_SOURCE, "Kustomization": FLUX_KUSTOMIZATION}
    for kind, group in wanted.items():
        if not any(is_kind(one, group, kind) for one in own):
            raise InputError(
                f"{origin}: tenant {template.tenant} has no {kind} in (or named) {template.namespace}",
                hint="tenantTemplate in conformance.yaml names a tenant with a Namespace and a sync of its own.",
            )
    return own


def render_probe(template: Sequence[Manifest], profile: FleetProfile, probe: Probe, git_url: str) -> list[Manifest]:
    """Return the template's objects as those of a probe, whose repository is `git_url`."""
    names = _names(template, profile.tenant_template, probe.name)
    objects = [rename(one, names) for one in template]
    syncs = [one for one in objects if is_kind(one, FLUX_KUSTOMIZATION, "Kustomization")]
    synced = {sync["spec"]["sourceRef"]["name"] for sync in syncs}
    for sync in syncs:
        sync["spec"]["path"] = probe.path or sync["spec"].get("path", "./")
    for one in objects:
        if is_kind(one, FLUX_SOURCE, "GitRepository") and one["metadata"]["name"] in synced:
            one["spec"]["url"] = git_url
    return objects


def check_names(probes: Sequence[Probe], profile: FleetProfile) -> None:
    """Refuse a probe whose name is no DNS label, comes twice, or belongs to the fleet.

    Raises:
        InputError: names the probe.
    """
    taken = {profile.flux_namespace, *profile.tenants, *profile.tenants.values()}
    for probe in probes:
        if not _DNS_LABEL.fullmatch(probe.name) or probe.name in taken:
            raise InputError(
                f'probe tenant "{probe.name}": the name is taken by the fleet or another probe, or is no DNS label',
                hint="A probe has a namespace of its own name; choose another.",
            )
        taken.add(probe.name)


def find_sync(clusters: Sequence[Path], tenants: str) -> Manifest:
    """Return the fleet's own Flux Kustomization that applies its tenants folder, from the first folder that has it.

    Raises:
        InputError: none has it; names the first.
    """
    for path in (path for cluster in clusters for path in yaml_files(cluster)):
        for one in load_objects(path):
            if _applies(one, tenants):
                return one
    raise InputError(
        f"{clusters[0]}: no Flux Kustomization applies ./{tenants}",
        hint="`environments` in conformance.yaml names the folders; the probes are brought in by a copy of that sync.",
    )


def change_sync(clusters: Sequence[Path], tenants: str, spec: Mapping[str, Any]) -> list[Path]:
    """Set fields of the sync that `find_sync` finds, in its file; one that the fleet has set itself is kept.

    `path` is set in any case: it says what the sync applies.
    """
    for path in (path for cluster in clusters for path in yaml_files(cluster)):
        objects = load_objects(path)
        if not any(_applies(one, tenants) for one in objects):
            continue
        changed = [_with(one, spec) if _applies(one, tenants) else one for one in objects]
        path.write_text(dump(changed), encoding="utf-8")
        return [path]
    return []


def probe_sync(sync: Manifest, environment: str, flux_namespace: str) -> Manifest:
    """Return the copy of the fleet's tenants sync that applies the probes."""
    metadata = {"name": SYNC_NAME, "namespace": sync["metadata"].get("namespace", flux_namespace)}
    spec = copy.deepcopy(dict(sync["spec"]))
    # Some probes are made to fail: waiting for them, or for objects of the fleet's own, would never end.
    spec.pop("healthChecks", None)
    spec |= {"path": f"./{FOLDER}/{environment}", "wait": False}
    return {"apiVersion": sync["apiVersion"], "kind": sync["kind"], "metadata": metadata, "spec": spec}


def write_sync(cluster: Path, sync: Manifest) -> list[Path]:
    """Write the probes' sync into a cluster's folder, and into its kustomization where it has one."""
    path = cluster / f"{SYNC_NAME}.yaml"
    path.write_text(dump([sync]), encoding="utf-8")
    listing = cluster / "kustomization.yaml"
    if not listing.is_file():
        return [path]
    (kustomization,) = load_objects(listing)
    resources = [*kustomization.get("resources", []), path.name]
    listing.write_text(dump([{**kustomization, "resources": resources}]), encoding="utf-8")
    return [path, listing]


def auth_secrets(objects: Iterable[Manifest]) -> list[AuthSecret]:
    """Return the Secret that each GitRepository with a secretRef needs, and the address it is for."""
    return [
        AuthSecret(
            namespace=one["metadata"]["namespace"], name=one["spec"]["secretRef"]["name"], url=one["spec"]["url"]
        )
        for one in objects
        if is_kind(one, FLUX_SOURCE, "GitRepository") and one["spec"].get("secretRef")
    ]


def is_kind(one: Manifest, group: str, kind: str) -> bool:
    """Tell whether an object is of a kind, in any version of an API group."""
    return one.get("kind") == kind and str(one.get("apiVersion", "")).startswith(group)


def rename(value: Any, names: Mapping[str, str]) -> Any:
    """Return a copy in which whole words are replaced in all texts that can hold a name.

    A word ends where neither a letter, a digit nor a hyphen follows: `apps` is replaced in `gotk:apps:reconciler`, not
    in `apps-auth`.
    """
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9-])(?:{words})(?![A-Za-z0-9-])")

    def walk(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {key: copy.deepcopy(item) if key in _KEPT_KEYS else walk(item) for key, item in part.items()}
        if isinstance(part, list):
            return [walk(item) for item in part]
        return pattern.sub(lambda match: names[match[0]], part) if isinstance(part, str) else part

    return walk(value)


def _names(template: Sequence[Manifest], tenant: TenantTemplate, probe: str) -> dict[str, str]:
    """Return what is replaced by what; cluster-wide objects get names that cannot meet the template's own."""
    names = {tenant.tenant: probe, tenant.namespace: probe}
    word = _word(tenant)
    for one in template:
        name = one["metadata"]["name"]
        if "namespace" not in one["metadata"] and name not in names:
            names[name] = word.sub(probe, name)
    return names


def _belongs(one: Manifest, template: TenantTemplate) -> bool:
    metadata = one.get("metadata") or {}
    if is_kind(one, "v1", "Namespace"):
        return bool(metadata.get("name") == template.namespace)
    if "namespace" in metadata:
        return bool(metadata["namespace"] == template.namespace)
    return bool(_word(template).search(metadata.get("name", "")))


def _word(template: TenantTemplate) -> re.Pattern[str]:
    names = sorted((template.tenant, template.namespace), key=len, reverse=True)
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, names))})(?![a-z0-9])")


def _applies(one: Manifest, tenants: str) -> bool:
    return is_kind(one, FLUX_KUSTOMIZATION, "Kustomization") and _folder(one) == tenants


def _with(sync: Manifest, spec: Mapping[str, Any]) -> Manifest:
    path = {"path": spec["path"]} if "path" in spec else {}
    return {**sync, "spec": {**spec, **sync["spec"], **path}}


def _folder(sync: Manifest) -> str:
    return str(sync.get("spec", {}).get("path", "")).removeprefix("./").rstrip("/")
