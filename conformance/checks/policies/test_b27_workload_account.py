"""B27: no workload of a tenant can start Pods under the ServiceAccount that Flux impersonates.

The workload itself is admitted; it is the Pod that the policy must stop, whoever makes it. For these it is a controller
of Kubernetes with rights of its own, so a policy that looks at the tenant's requests only would see nothing.
"""

import pytest

from conformance.api import (
    Control,
    Scenario,
    Subject,
    check,
    consistently,
    eventually,
    expect_none,
    given,
    given_that,
    pick,
)

NAMESPACE = "b27-a"
KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
POD_SPEC = {"CronJob": "spec.jobTemplate.spec.template.spec"}


@check(
    "B27",
    control=Control.POD_POLICY,
    kills=["M05-pods"],
    source="catalogue B27; kubernetes@v1.36.3/pkg/controller/controller_utils.go:600",
    signal='the workload is admitted; Event FailedCreate "flux-tenant-pods ... denied request"; no Pod',
)
@pytest.mark.parametrize("kind", KINDS)
def test_b27_workload_account(scenario: Scenario, kind: str) -> None:
    """Start a workload under the account."""
    timeouts, account = scenario.platform.timeouts, scenario.platform.service_account
    field = f"{POD_SPEC.get(kind, 'spec.template.spec')}.serviceAccountName"
    denial = f"{scenario.denial('pods')}: "

    # Allowed path first: under another account the same workload gets its Pod, and the Pod runs.
    own = _start(scenario, scenario[f"{kind}/b27-{kind.lower()}-default"])
    what = f"the {kind} under another account has a Pod that runs"
    eventually(lambda: _run(scenario, own), bool, timeout_s=timeouts.precondition, what=what, interval_s=0.5)

    attack = scenario[f"{kind}/b27-{kind.lower()}-flux"].with_fields({field: account})
    given(attack.submit()).is_admitted()
    maker = _start(scenario, attack)
    pods, refusals = eventually(
        lambda: (_pods(scenario, maker), [text for text in _refusals(scenario, maker) if denial in text]),
        any,
        timeout_s=timeouts.workload,
        what=f"the {kind} under '{account}' starts a Pod, or is refused by the policy",
        interval_s=0.5,
    )
    scenario.evidence.record("answer", f"FailedCreate events of the {kind}", refusals)
    # Absent for as long as the controller's own retries take.
    late = pods or consistently(lambda: _pods(scenario, maker), lambda found: not found, for_s=timeouts.hold_window)
    expect_none(scenario, late or (), f"{attack.ref} started a Pod", wanted=f"no Pod under '{account}'")


def _start(scenario: Scenario, workload: Subject) -> set[str]:
    """Return the uids of what makes the Pods; a CronJob is started by `kubectl create job --from`."""
    live = workload.live() or {}
    given_that(live, f"{workload.ref} is not there")
    uid = live["metadata"]["uid"]
    if workload.ref.kind != "CronJob":
        return {uid}
    name = workload.ref.name
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": uid, "controller": True}
    metadata = {"name": f"{name}-{uid[:8]}", "namespace": NAMESPACE, "ownerReferences": [owner]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": pick(live, "spec", "jobTemplate", "spec"),
    }
    return {given(scenario.create(job, as_tenant=NAMESPACE)).is_admitted()["metadata"]["uid"]}


def _below(scenario: Scenario, api_version: str, kind: str, makers: set[str]) -> dict[str, str]:
    """Return name -> uid of a kind's objects that these own."""
    found = scenario.platform.client.objects(api_version, kind, namespace=NAMESPACE)
    return {
        one["metadata"]["name"]: one["metadata"]["uid"]
        for one in found
        if any(owner["uid"] in makers for owner in one["metadata"].get("ownerReferences", []))
    }


def _with_replica_sets(scenario: Scenario, makers: set[str]) -> set[str]:
    return makers | set(_below(scenario, "apps/v1", "ReplicaSet", makers).values())


def _pods(scenario: Scenario, makers: set[str]) -> list[str]:
    return sorted(_below(scenario, "v1", "Pod", _with_replica_sets(scenario, makers)))


def _run(scenario: Scenario, makers: set[str]) -> list[str]:
    """Return the Pods whose containers were started, and may have ended well."""
    pods = scenario.platform.client.objects("v1", "Pod", namespace=NAMESPACE)
    started = {pod["metadata"]["name"] for pod in pods if pick(pod, "status", "phase") in ("Running", "Succeeded")}
    return [name for name in _pods(scenario, makers) if name in started]


def _refusals(scenario: Scenario, makers: set[str]) -> list[str]:
    """Return what a workload's controller says of Pods that it could not create; by uid, as names come back."""
    all_makers = _with_replica_sets(scenario, makers)
    events = scenario.platform.client.objects("v1", "Event", namespace=NAMESPACE, fields="reason=FailedCreate")
    return [event["message"] for event in events if event["involvedObject"]["uid"] in all_makers]
