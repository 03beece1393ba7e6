"""E00: the cluster's network enforces NetworkPolicies: a connection that stands ends when a policy denies it.

Every cluster accepts NetworkPolicies, also one whose network ignores them. Then nothing else of this section means
anything: on such a cluster the other checks are not judged. This one runs alone, after them: a busy node follows late,
and that is no finding.
"""

from conformance.api import Capability, Control, Level, NotEnforced, Scenario, check, expect_that


@check(
    "E00",
    level=Level.HARDENED,
    control=Control.NETWORK_ENGINE,
    kills=["M80-no-engine"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites",
    source="catalogue E00; kubernetes@v1.36.3/test/images/agnhost/connect",
    signal="a Pod is reached, then TIMEOUT or REFUSED once a policy without rules selects it, then reached again",
    needs=[Capability.NODES],
    exclusive=True,
)
def test_e00_cni_enforces(scenario: Scenario) -> None:
    """Close a Pod by a policy, and open it again."""
    try:
        scenario.prove_enforcement()
    except NotEnforced as error:
        expect_that(
            False, "NetworkPolicies are not enforced", wanted="a policy stops a connection", observed=error.what
        )
