"""C23: a tenant cannot delete its own namespace.

With the namespace go its labels, its quota and its policies. Whoever makes it anew starts without them.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, given, pick


@check(
    "C23",
    level=Level.HARDENED,
    control=Control.TENANT_ROLE,
    kills=["M14-unguarded"],
    source="catalogue C23, finding 2; apiserver@v0.36.3/pkg/endpoints/request/requestinfo.go:193",
    signal='403, namespaces "shared-a" is forbidden; the Namespace is not being deleted',
)
def test_c23_namespace_delete(scenario: Scenario) -> None:
    """Delete the Namespace with the tenant's own token."""
    namespace = scenario.existing("Namespace/shared-a", "")
    # Allowed path first: the token works, and the request is one that the server takes.
    given(scenario.get(scenario["ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()
    given(scenario.delete(scenario["Namespace/c23-there"].ref, as_tenant="", dry_run=True)).is_admitted()

    # A dry run, which rights and guards decide alike: other checks live here. The role refuses first; where a role
    # does not, the guard of namespaces says the same.
    answer = scenario.delete(namespace.ref, as_tenant="shared-a", dry_run=True)
    expect(answer).is_refused(message='namespaces "shared-a" is forbidden')
    leaving = pick(namespace.live(), "metadata", "deletionTimestamp")
    expect_that(leaving is None, "the namespace is being deleted", wanted="it stays", observed=str(leaving))
