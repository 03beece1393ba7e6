"""Fleets that lack what the reference fleet adds to the published architecture."""

import re
import shutil
from pathlib import Path

from conformance.settings import data_dir

_GUARDS = ("guardNamespace", "guardFlux", "guardSources", "guardStatus", "guardSatoken")
_NOT_A_DELETION = re.compile(r"  matchConditions:\n(?:    .*\n)*?    - name: not-a-deletion\n(?:      .*\n)+")
_NETWORK_PATCHES = re.compile(r"  # Flux's own policy (?:.*\n)*?(?=  # Tuning, not isolation: look again)")


def published(folder: Path) -> Path:
    """Write the reference fleet as the published architecture has it; return its folder.

    Without policies/guards, with cluster-admin for tenants, and with what is known of the published manifests
    (catalogue, findings 1, 10 and 11): the misspelt kubeConfig policy, policies that hold sources back from deletion
    and look at new objects only where the published ones do, network policies of Flux as they come, and syncs without
    retryInterval.
    """
    shutil.copytree(data_dir("fleet-repo"), folder)
    shutil.rmtree(folder / "policies" / "guards")
    for environment in ("staging", "production"):
        _replaced(folder / "policies" / environment / "kustomization.yaml", "components:\n  - ../guards\n", "")
    for path in sorted(folder.glob("tenants/base/*/rbac.yaml")):
        _replaced(path, "name: tenant-reconciler", "name: cluster-admin")
    _without_names(folder / "conformance.yaml")
    policies = folder / "policies"
    _replaced(policies / "base" / "kubeconfig.yaml", "!has(object.spec.kubeConfig)", "!has(object.spec.kubeconfig)")
    for path in (policies / "base" / "buckets.yaml", policies / "production" / "image-automation.yaml"):
        _replaced(path, "operations: [CREATE, UPDATE]", "operations: [CREATE]")
    _cut(policies / "base" / "sources.yaml", _NOT_A_DELETION)
    for path in sorted(folder.glob("clusters/*/flux-system/kustomization.yaml")):
        _cut(path, _NETWORK_PATCHES)
    for path in sorted(folder.glob("clusters/*/*.yaml")):
        _replaced(path, "  retryInterval: 1m\n", "")
    return folder


def _without_names(profile: Path) -> None:
    for line in profile.read_text().splitlines():
        if line.strip().partition(":")[0] in _GUARDS:
            _replaced(profile, line, f"{line.partition(':')[0]}: null")


def _replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise AssertionError(f"{path} has no '{old}'")
    path.write_text(text.replace(old, new))


def _cut(path: Path, pattern: re.Pattern[str], times: int = 1) -> None:
    text, count = pattern.subn("", path.read_text())
    if count != times:
        raise AssertionError(f"{path} has {count} of '{pattern.pattern}'")
    path.write_text(text)


_OTHER_NAMES = (
    (r"toolkit\.fluxcd\.io/tenant", "acme.example.org/team"),
    (r"flux-tenant-sources-allowlist", "acme-permitted"),
    (r"flux-tenant-", "acme-"),
    (r"guard-(namespace|flux|sources|status|satoken)\b", r"acme-guard-\1"),
    (r"(git|charts|registry)\.example\.com/example/", r"\1.acme.example.org/acme/"),
    (r"(git|charts|registry)\.example\.com", r"\1.acme.example.org"),
    (r"organisation: example/", "organisation: acme/"),
    (r"tenant-(reconciler|quota|limits)\b", r"acme-\1"),
    (r"--default-service-account=flux\b", "--default-service-account=applier"),
    (r"(serviceAccount|serviceAccountName|name): flux$", r"\1: applier"),
    (r"'flux'", "'applier'"),
    (r"\bdev-team\b", "blue"),
    (r"\bops-team\b", "red"),
)
_OTHER_NAMESPACES = ((r"\bapps\b", "blue-apps"), (r"\bops\b", "red-apps"))


def renamed(folder: Path) -> tuple[Path, Path]:
    """Write the reference fleet and tenant repository with other names for all that may be named otherwise.

    It knows the route of the Flux CLI alone.
    """
    fleet, tenant = folder / "fleet", folder / "tenant"
    shutil.copytree(data_dir("fleet-repo"), fleet, ignore=shutil.ignore_patterns("operator"))
    _cut(fleet / "conformance.yaml", re.compile(r"(?:    # .*\n)?    operator: .*\n"), times=2)
    shutil.copytree(data_dir("tenant-repo"), tenant)
    for path in [path for root in (fleet, tenant) for path in root.rglob("*.yaml")]:
        own = not path.is_relative_to(fleet / "policies") and not path.is_relative_to(fleet / "clusters")
        text = path.read_text()
        for old, new in (*_OTHER_NAMES, *(_OTHER_NAMESPACES if own else ())):
            text = re.sub(old, new, text, flags=re.MULTILINE)
        path.write_text(text)
    for old, new in (("dev-team", "blue"), ("ops-team", "red")):
        (fleet / "tenants" / "base" / old).rename(fleet / "tenants" / "base" / new)
    return fleet, tenant
