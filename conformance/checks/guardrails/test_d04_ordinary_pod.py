"""D04: a tenant runs Pods that meet Pod Security `restricted`.

Limits that refuse ordinary work are lifted, and then refuse nothing.
"""

from conformance.api import Control, Level, Scenario, check, expect


@check(
    "D04",
    level=Level.HARDENED,
    control=Control.POD_SECURITY,
    kills=["M11-quota-nothing"],
    spec="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    source="catalogue D04; fleet-repo/tenants/components/guardrails/limits.yaml",
    signal="admitted",
)
def test_d04_ordinary_pod(scenario: Scenario) -> None:
    """Submit a Pod that meets the standard and says what it needs."""
    pod = scenario["Pod/d04-ordinary"]
    scenario.evidence.record("object", str(pod.ref), expect(pod.submit()).is_admitted())
