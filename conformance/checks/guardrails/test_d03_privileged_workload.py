"""D03: a tenant's workload whose Pods would reach the node gets no Pods.

Pod Security admits the Deployment: what it enforces are Pods, and those the workload's controller makes later, in
nobody's sight.
"""

from conformance.api import (
    Control,
    Level,
    Plane,
    Scenario,
    check,
    consistently,
    eventually,
    expect_none,
    expect_that,
    given_that,
    object_until,
    pick,
)

SAID = 'violates PodSecurity "restricted'


@check(
    "D03",
    level=Level.HARDENED,
    control=Control.POD_SECURITY,
    kills=["M11-psa"],
    spec="https://kubernetes.io/docs/concepts/security/pod-security-admission/",
    source="catalogue D03; pod-security-admission@v0.36.3/admission/admission.go:481, "
    "kubernetes@v1.36.3/pkg/controller/replicaset/replica_set.go",
    signal='ReplicaFailure=True/FailedCreate "violates PodSecurity "restricted … hostNetwork=true"; no Pod',
)
def test_d03_privileged_workload(scenario: Scenario) -> None:
    """Run a Deployment that meets Pod Security `restricted`, and one whose Pods use the host's network."""
    timeouts, client = scenario.platform.timeouts, scenario.platform.client
    allowed, denied = scenario["Deployment/d03-ok"], scenario["Deployment/d03-host"]
    # Allowed path first: the same Deployment, without the host's network, has its Pod.
    ready = lambda state: bool(pick(state, "status", "readyReplicas"))  # noqa: E731
    _, runs = object_until(client, allowed.ref, ready, timeout_s=timeouts.precondition)
    given_that(runs, f"{allowed.ref} runs")

    def made() -> int:
        return int(pick(denied.live(), "status", "replicas") or 0)

    eventually(
        lambda: made() or SAID in _failure(scenario),
        bool,
        timeout_s=timeouts.workload,
        what="d03-host gets a Pod, or is refused one",
    )
    pods = [f"{count} Pods"] if (count := made()) else []
    expect_none(scenario, pods, f"{denied.ref} has a Pod", wanted=SAID)
    said = _failure(scenario)
    scenario.evidence.record("conditions", str(denied.ref), denied.live() or "not there\n")
    given_that("hostNetwork=true" in said, "the Pod is refused for the host's network", observed=said)
    appeared = consistently(made, lambda count: not count, for_s=timeouts.hold_window)
    expect_that(appeared is None, f"{denied.ref} has a Pod", wanted="none", observed=f"{appeared} Pods")
    scenario.evidence.record("absence", f"Pods of {denied.ref}", f"{denied.ref} has no Pod after the hold window\n")
    scenario.shown(Plane.CONDITION, Plane.ABSENCE)


def _failure(scenario: Scenario) -> str:
    conditions = pick(scenario["Deployment/d03-host"].live(), "status", "conditions") or []
    found = [one["message"] for one in conditions if one["type"] == "ReplicaFailure" and one["status"] == "True"]
    return str(found[0]) if found else ""
