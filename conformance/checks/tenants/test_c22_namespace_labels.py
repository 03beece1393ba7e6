"""C22: a tenant cannot change the labels of its own namespace.

Without the tenant's label no policy selects the namespace; with another Pod Security label it runs privileged Pods.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, given, pick


@check(
    "C22",
    level=Level.HARDENED,
    control=Control.TENANT_ROLE,
    kills=["M14-unguarded"],
    source="catalogue C22, finding 2; apiserver@v0.36.3/pkg/endpoints/request/requestinfo.go:193",
    signal='403, namespaces "c22-a" is forbidden, for both patches; the labels are unchanged',
)
def test_c22_namespace_labels(scenario: Scenario) -> None:
    """Take the tenant's label off, and relax Pod Security, with the tenant's own token."""
    namespace = scenario.existing("Namespace/c22-a", "")
    labels = pick(namespace.live(), "metadata", "labels")
    # Allowed path first: the token works.
    given(scenario.get(scenario["ConfigMap/tenant-live"].ref, as_tenant="c22-a")).is_admitted()
    attacks = (
        {scenario.platform.fleet.profile.tenant_label: None},
        {"pod-security.kubernetes.io/enforce": "privileged"},
    )
    try:
        for changed in attacks:
            patch = {"metadata": {"labels": changed}}
            given(scenario.patch(namespace.ref, patch, as_tenant="", dry_run=True)).is_admitted()
            # The role refuses first; where a role does not, the guard of namespaces says the same.
            answer = scenario.patch(namespace.ref, patch, as_tenant="c22-a")
            expect(answer).is_refused(message='namespaces "c22-a" is forbidden')
        live = pick(namespace.live(), "metadata", "labels")
        expect_that(live == labels, f"{namespace.ref} changed its labels", wanted=str(labels), observed=str(live))
    finally:
        scenario.patch(namespace.ref, {"metadata": {"labels": labels}}, as_tenant="")
