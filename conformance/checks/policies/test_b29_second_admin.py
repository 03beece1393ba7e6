"""B29: a tenant cannot give its rights to a second account.

The policy on Pods knows one account by name. A second one with the same rights could be run by any Pod; so the
tenant's role must not write RoleBindings.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B29",
    level=Level.HARDENED,
    control=Control.TENANT_ROLE,
    kills=["M04", "M14-unguarded", "M14-role"],
    source="catalogue B29; docs/adr/0011-reference-fleet.md",
    signal='403 "cannot create resource "rolebindings""; the RoleBinding is absent',
)
def test_b29_second_admin(scenario: Scenario) -> None:
    """Make an account, and bind it to a role."""
    user = scenario.platform.tenant_user("shared-a")
    # Allowed path first: the tenant may make the account.
    given(scenario["ServiceAccount/b29-second"].submit()).is_admitted()

    answer = scenario["RoleBinding/b29-second"].submit()
    expect(answer).is_refused(message=f'User "{user}" cannot create resource "rolebindings"')
    expect(answer).leaves_no_trace("RoleBinding/b29-second", namespace="shared-a")
