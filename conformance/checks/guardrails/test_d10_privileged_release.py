"""D10: a tenant's HelmRelease whose Pods would reach the node gets no Pods, and does not become ready.

What Flux applies is a Deployment, which nobody refuses. A release that turned ready all the same would hide that
nothing of it runs.
"""

from conformance.api import Control, Level, Plane, Scenario, check, expect, expect_that, given, given_that, pick

SAID = 'violates PodSecurity "restricted'


@check(
    "D10",
    level=Level.HARDENED,
    control=Control.POD_SECURITY,
    kills=["M11-psa"],
    spec="https://kubernetes.io/docs/concepts/security/pod-security-admission/",
    source="catalogue D10; helm-controller@v1.6.2/internal/reconcile/install.go:137, "
    "pod-security-admission@v0.36.3/admission/admission.go:481",
    signal='Ready=False/InstallFailed "context deadline exceeded"; ReplicaFailure "violates PodSecurity"',
    long=True,
)
def test_d10_privileged_release(scenario: Scenario) -> None:
    """Install a chart as it is, and with Pods that use the host's network."""
    # Allowed path first: the repository answers, and the same release becomes ready.
    given(scenario["HelmRelease/d10-own"]).becomes_ready()

    # That it timed out says little: the Deployment says what for.
    waits_s = scenario.platform.release_timeout_s
    expect(scenario["HelmRelease/d10-host"]).is_denied(reason="InstallFailed", message="d10-host", after_s=waits_s)
    live = scenario["Deployment/d10-host"].live()
    conditions = pick(live, "status", "conditions") or []
    scenario.evidence.record("conditions", "Deployment/d10-host", live or "not there\n")
    said = [one["message"] for one in conditions if one["type"] == "ReplicaFailure"]
    given_that(said and SAID in said[0], "its Pods are refused by Pod Security", observed=str(said))
    made = pick(live, "status", "replicas") or 0
    expect_that(not made, "the release has Pods", wanted="none", observed=f"{made} Pods")
    scenario.evidence.record("absence", "Pods of Deployment/d10-host", "the Deployment has no Pod\n")
    scenario.shown(Plane.ABSENCE)
