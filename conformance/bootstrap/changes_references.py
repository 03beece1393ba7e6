"""Reversible changes to what references between tenants are held by; mutants are made of them."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from conformance.bootstrap.changes import patched
from conformance.bootstrap.platform import Platform
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import eventually
from conformance.model import Manifest

_ADMISSION = "admissionregistration.k8s.io/v1"
_NAME = "conformance-named-namespaces"


@contextlib.contextmanager
def named_namespaces_refused(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Refuse every Kustomization whose sourceRef has a namespace, its own too."""
    policy = {
        "apiVersion": _ADMISSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": _NAME},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["kustomize.toolkit.fluxcd.io"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE"],
                        "resources": ["kustomizations"],
                    }
                ]
            },
            "validations": [
                {"expression": "!has(object.spec.sourceRef.namespace)", "message": "sourceRef names a namespace"}
            ],
        },
    }
    binding = {
        "apiVersion": _ADMISSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": _NAME},
        "spec": {
            "policyName": _NAME,
            "validationActions": ["Deny"],
            "matchResources": {
                "namespaceSelector": {
                    "matchExpressions": [
                        {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
                    ]
                }
            },
        },
    }
    for manifest in (policy, binding):
        platform.client.apply(manifest)
    try:
        _until_refused(platform, _named(namespaces[0]), refused=True)
        yield
    finally:
        for manifest in (binding, policy):
            platform.client.delete_if_exists(Ref.of(manifest))
        _until_refused(platform, _named(namespaces[0]), refused=False)


def _named(namespace: str) -> Manifest:
    reference = {"kind": "GitRepository", "name": "canary", "namespace": namespace}
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "conformance-canary", "namespace": namespace},
        "spec": {"interval": "1h", "prune": False, "sourceRef": reference},
    }


@contextlib.contextmanager
def chart_namespaces(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Give the source of a HelmChart a field for its namespace."""
    definition = ref_to("CustomResourceDefinition/helmcharts.source.toolkit.fluxcd.io")

    def changed(spec: dict[str, Any]) -> None:
        for version in spec["versions"]:
            properties = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
            properties["sourceRef"]["properties"]["namespace"] = {"type": "string"}

    def in_force(mutated: bool) -> None:
        _until_refused(platform, _chart(namespaces[0]), refused=not mutated)

    with patched(platform, definition, changed, in_force=in_force):
        yield


def _chart(namespace: str) -> Manifest:
    reference = {"kind": "HelmRepository", "name": "canary", "namespace": namespace}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": {"name": "conformance-canary", "namespace": namespace},
        "spec": {"interval": "1h", "chart": "canary", "sourceRef": reference},
    }


def _until_refused(platform: Platform, manifest: Manifest, *, refused: bool) -> None:
    def answer() -> bool:
        try:
            platform.client.create(manifest, dry_run=True)
        except ApiError:
            return True
        return False

    eventually(
        answer,
        lambda said: said is refused,
        timeout_s=platform.timeouts.policy_enforced,
        what=f"{Ref.of(manifest)} is {'refused' if refused else 'admitted'}",
    )
