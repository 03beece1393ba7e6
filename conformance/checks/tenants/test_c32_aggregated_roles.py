"""C32: Kubernetes' roles view, edit and admin reach a tenant's Flux objects, and no other tenant's.

Flux adds its kinds to these roles, so that people who read a namespace read its syncs, and people who may edit it
manage them. A role without them sends people to cluster-wide rights.
"""

import pytest

from conformance.api import Answer, Capability, Control, Scenario, Subject, check, expect

FLUX = ("GitRepository/c32-source", "Kustomization/c32-sync", "HelmRelease/c32-release", "Provider/c32-provider")
OF_OPERATOR = ("ResourceSet/c32-set",)
"""Only where Flux Operator is, and where its roles are aggregated, as its own manifests have it."""


@pytest.mark.parametrize("role", ["view", "edit", "admin"])
@check(
    "C32",
    control=Control.FLUX_ROLES,
    kills=["M61-unaggregated", "M65-accounts-everywhere"],
    spec="https://fluxcd.io/flux/security/",
    source="catalogue C32; flux2@v2.9.2/manifests/rbac/view.yaml, manifests/rbac/edit.yaml",
    signal="read in the own namespace; written by edit and admin, 403 for view; 403, cannot list in shared-b",
)
def test_c32_aggregated_roles(scenario: Scenario, role: str) -> None:
    """List and create each group's kind under the role, in the tenant's namespace and in the victim's."""
    operated = Capability.FLUX_OPERATOR in scenario.platform.capabilities
    for label in FLUX + (OF_OPERATOR if operated else ()):
        subject = scenario[label]
        expect(_listed(scenario, role, subject, "shared-a")).is_admitted()
        client, user = scenario.account("shared-a", f"c32-{role}")
        made = scenario.ask(
            user, f"create {subject.ref}", lambda c=client, s=subject: c.create(s.manifest, dry_run=True)
        )
        if role == "view":
            expect(made).is_refused(message=(f'User "{user}" cannot create resource', 'in the namespace "shared-a"'))
        else:
            expect(made).is_admitted()
        foreign = _listed(scenario, role, subject, "shared-b")
        expect(foreign).is_refused(message=(f'User "{user}" cannot list resource', 'in the namespace "shared-b"'))


def _listed(scenario: Scenario, role: str, subject: Subject, namespace: str) -> Answer:
    client, user = scenario.account("shared-a", f"c32-{role}")
    ref = subject.ref
    request = f"list {ref.kind} in {namespace}"
    return scenario.ask(
        user, request, lambda: {"items": client.objects(ref.api_version, ref.kind, namespace=namespace)}
    )
