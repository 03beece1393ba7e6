"""Mutants of the fleet's guards, and of single rules of its policies."""

from typing import Any

from conformance.bootstrap import changes_guards as guard
from conformance.bootstrap.mutants.mutant import Mutant
from conformance.bootstrap.platform import Platform
from conformance.model import Environment, Manifest

_SOURCE = "source.toolkit.fluxcd.io/v1"
_STAGING = frozenset({Environment.STAGING})
_PRODUCTION = frozenset({Environment.PRODUCTION})
_SOURCES = frozenset({"GitRepository", "HelmRepository", "OCIRepository", "HelmChart", "Bucket", "ImageRepository"})
_RELEASES = frozenset({"Kustomization", "HelmRelease"})
_WORKLOADS = frozenset({"Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [*_audited(), *_narrowed(), *_overblocking()]


def _audited() -> list[Mutant]:
    changes = {
        "M15-flux": ("guard_flux", guard.binding_audits("guard_flux", _foreign_dependency)),
        "M15-sources": ("guard_sources", guard.binding_audits("guard_sources", _dotted_source)),
        "M15-satoken": ("guard_satoken", guard.binding_audits("guard_satoken", _token_secret, as_tenant=True)),
        "M15-status": ("guard_status", guard.binding_audits("guard_status")),
        "M15-namespace": ("guard_namespace", guard.binding_audits("guard_namespace")),
    }
    found = [
        Mutant(id=name, description=f"the binding of {which.replace('_', '-')} only audits", apply=apply)
        for name, (which, apply) in changes.items()
    ]
    images = guard.binding_audits("image_automation", _image_repository)
    text = "the binding of the policy against image automation only audits"
    return [*found, Mutant(id="M05-image", description=text, apply=images, environments=_PRODUCTION)]


def _narrowed() -> list[Mutant]:
    policy, binding = guard.POLICY, guard.BINDING
    changes: dict[str, tuple[str, guard.Apply]] = {
        "M08-known": (
            "the binding of the sources policy selects the tenants of today by name",
            guard.changed(binding, "sources", guard.known_tenants_only),
        ),
        "M24-buckets-update": ("the policy against Buckets does not see updates", guard.creations_only("buckets")),
        "M24-deletion": (
            "the sources policy judges objects that are being deleted",
            guard.changed(policy, "sources", guard.judges_deletions),
        ),
        "M25-fixed-list": (
            "the sources policy holds its prefixes itself",
            guard.changed(policy, "sources", guard.list_of_its_own),
        ),
        "M26-ignore": ("the sources policy ignores errors", guard.changed(policy, "sources", guard.errors_pass)),
        "M27-silent": (
            "the binding of the sources policy does not audit",
            guard.changed(binding, "sources", guard.denies_in_silence),
        ),
    }
    found = [Mutant(id=name, description=text, apply=apply) for name, (text, apply) in changes.items()]
    platform = guard.changed(policy, "sources", guard.platform_passes, shown_by=_evil_source, refused=False)
    text = "the sources policy passes over the platform's identities"
    # By a refusal of the platform B18 sees that a namespace has become a tenant's.
    found.append(Mutant(id="M25-platform", description=text, apply=platform, blinds=frozenset({"B18"})))
    bare = guard.changed(policy, "sources", guard.image_without_scheme, shown_by=_image_repository)
    text = "the sources policy compares images without a scheme"
    refused = frozenset({"ImageRepository"})
    found.append(Mutant(id="M27-bare-image", description=text, apply=bare, environments=_STAGING, refuses=refused))
    text = "the API and the allowlist admit a scheme in capitals"
    found.append(Mutant(id="M29-capitals", description=text, apply=guard.capitals_admitted))
    late = guard.creations_only("image_automation")
    text = "the policy against image automation does not see updates"
    found.append(Mutant(id="M24-image-update", description=text, apply=late, environments=_PRODUCTION))
    return found


def _overblocking() -> list[Mutant]:
    changes = {
        "M28-sources": (guard.refuses_all("sources", _source), _SOURCES),
        "M28-kubeconfig": (guard.refuses_all("kubeconfig", _kustomization), _RELEASES),
        "M28-pods": (guard.refuses_all("pods", _pod), _WORKLOADS),
        "M28-guard-flux": (guard.refuses_all("guard_flux", _kustomization), _SOURCES | _RELEASES),
        "M28-guard-sources": (guard.refuses_all("guard_sources", _source), _SOURCES | _RELEASES),
        "M28-guard-satoken": (guard.refuses_all("guard_satoken", _secret, as_tenant=True), frozenset({"Secret"})),
    }
    return [
        Mutant(
            id=name,
            description=f"the policy {name.removeprefix('M28-')} refuses all it looks at",
            apply=apply,
            refuses=refused,
        )
        for name, (apply, refused) in changes.items()
    ]


def _object(api_version: str, kind: str, namespace: str, spec: dict[str, Any]) -> Manifest:
    metadata = {"name": "conformance-probe", "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _git(namespace: str, url: str) -> Manifest:
    return _object(_SOURCE, "GitRepository", namespace, {"interval": "1h", "url": url})


def _source(platform: Platform, namespace: str) -> Manifest:
    return _git(namespace, f"{platform.git_url}/public")


def _evil_source(platform: Platform, namespace: str) -> Manifest:
    return _git(namespace, f"{platform.evil_git_url}/x")


def _dotted_source(platform: Platform, namespace: str) -> Manifest:
    return _git(namespace, f"{platform.git_url}/../public")


def _image_repository(platform: Platform, namespace: str) -> Manifest:
    image = f"{platform.oci_url.removeprefix('oci://')}/manifests/harmless"
    spec = {"interval": "1h", "image": image}
    return _object("image.toolkit.fluxcd.io/v1", "ImageRepository", namespace, spec)


def _kustomization(platform: Platform, namespace: str) -> Manifest:
    del platform
    spec = {"interval": "1h", "prune": False, "sourceRef": {"kind": "GitRepository", "name": "probe"}}
    return _object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", namespace, spec)


def _foreign_dependency(platform: Platform, namespace: str) -> Manifest:
    manifest = _kustomization(platform, namespace)
    depends = [{"name": "any", "namespace": platform.flux_namespace}]
    return {**manifest, "spec": {**manifest["spec"], "dependsOn": depends}}


def _pod(platform: Platform, namespace: str) -> Manifest:
    del platform
    secure = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "probe", "image": "registry.k8s.io/pause:3.10.2", "securityContext": secure}
    return _object("v1", "Pod", namespace, {"containers": [container]})


def _secret(platform: Platform, namespace: str) -> Manifest:
    del platform
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "conformance-probe", "namespace": namespace}}


def _token_secret(platform: Platform, namespace: str) -> Manifest:
    annotations = {"kubernetes.io/service-account.name": platform.service_account}
    metadata = {"name": "conformance-probe", "namespace": namespace, "annotations": annotations}
    kind = "kubernetes.io/service-account-token"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind}
