"""C21: a tenant cannot take the labels off its namespace by a commit.

Admission policies and Pod Security select on those labels. kustomize-controller applies a tenant's commit under the
same field manager as the fleet's, so that a Namespace committed without labels removes them (catalogue finding 2).
"""

from conformance.api import Control, Level, Scenario, check, consistently, expect, expect_that, given, pick


@check(
    "C21",
    level=Level.HARDENED,
    control=Control.TENANT_ROLE,
    kills=["M14-unguarded"],
    source="catalogue C21, finding 2; apiserver@v0.36.3/pkg/endpoints/request/requestinfo.go:193",
    signal='Ready=False/ReconciliationFailed "Namespace/c21-a dry-run failed (Forbidden)"; the labels are unchanged',
)
def test_c21_namespace_strip(scenario: Scenario) -> None:
    """Commit a ConfigMap, which the tenant may, and its own Namespace without labels."""
    # Allowed path first: what the tenant commits is applied.
    given(scenario["Kustomization/c21-own"]).becomes_ready()

    namespace, strip = scenario.existing("Namespace/c21-a", ""), scenario["Kustomization/c21-strip"]
    labels = pick(namespace.live(), "metadata", "labels")
    try:
        given(strip.submit()).is_admitted()
        # The role refuses first; where a role does not, the guard of namespaces says the same.
        expect(strip).is_denied(
            reason="ReconciliationFailed",
            message=("Namespace/c21-a dry-run failed (Forbidden)", 'namespaces "c21-a" is forbidden'),
        )
        other = consistently(
            lambda: pick(namespace.live(), "metadata", "labels"),
            lambda live: live == labels,
            for_s=scenario.platform.timeouts.hold_window,
        )
        expect_that(other is None, f"{namespace.ref} changed its labels", wanted=str(labels), observed=str(other))
    finally:
        scenario.platform.client.patch(namespace.ref, {"metadata": {"labels": labels}})
