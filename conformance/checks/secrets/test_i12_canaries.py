"""I12: after all attacks no secret value is anywhere but in its own namespace.

Each other check looks where it expects harm. This one looks everywhere, last: at every object of every kind, at events
and conditions, at the controllers' logs and at what notifications carried away.
"""

from conformance.api import Capability, Control, Scenario, canary_leaks, check, expect_none, given_that


@check(
    "I12",
    control=Control.SECRET_CONTAINMENT,
    kills=["M44-canary-copied", "M45-canary-in-event", "M46-canary-notified"],
    source="catalogue I12; conformance/leaks.py",
    signal="the canaries of all namespaces are in no object of another namespace, no controller's log, no notification",
    needs=[Capability.SUBMISSIONS],
    exclusive=True,
)
def test_i12_canaries(scenario: Scenario) -> None:
    """Search for the canary of each namespace."""
    for namespace in ("shared-a", "shared-b"):
        given_that(scenario[namespace, "Secret/canary"].live(), f"{namespace} has no canary")

    for where, leaks in canary_leaks(scenario).items():
        expect_none(scenario, leaks, f"a secret value leaked into {where}")
