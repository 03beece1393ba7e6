"""A20: a flag of the lockdown that somebody takes off comes back by reconciliation.

A lockdown that lives in the cluster alone is gone after the first edit in a hurry, and nobody who reads Git sees it.
By the CLI's route the fleet's sync puts a flag back, by the Flux Operator's the FluxInstance does.
"""

from typing import Any

from conformance.api import Capability, Control, Scenario, check, container_args, expect, given, object_until

FLAG = "--no-cross-namespace-refs=true"
ARGS = "/spec/template/spec/containers/0/args"
OTHERS = (
    "Namespace|CustomResourceDefinition|ClusterRole|ClusterRoleBinding|ServiceAccount|Service|ResourceQuota"
    "|NetworkPolicy|GitRepository|Kustomization"
)
REMOVE = "$patch: delete\napiVersion: v1\nkind: any\nmetadata: {name: any}\n"
STOP = '[{"op": "replace", "path": "/spec/replicas", "value": 0}]'


@check(
    "A20",
    control=Control.LOCKDOWN_IN_GIT,
    kills=["M78-lockdown-not-in-git", "M79-platform-if-not-present", "M18-multitenant", "M18-unreconciled"],
    source="catalogue A20; pkg/ssa@v0.76.1/manager_apply.go:206; flux-operator@v0.59.0 fluxinstance_controller.go:480",
    signal="--no-cross-namespace-refs=true is back in the Deployment after one reconciliation",
    exclusive=Capability.FLUX_OPERATOR,
)
def test_a20_lockdown_restored(scenario: Scenario) -> None:
    """Take a flag off a Deployment, and reconcile, by the route that this platform came on."""
    if Capability.FLUX_OPERATOR in scenario.platform.capabilities:
        _by_instance(scenario)
    else:
        _by_sync(scenario)


def _by_instance(scenario: Scenario) -> None:
    """Take the flag off a Deployment that does not roll out meanwhile, and ask the operator to reconcile."""
    platform, namespace = scenario.platform, scenario.platform.flux_namespace
    instance = scenario.existing("FluxInstance/flux", namespace)
    given(instance).becomes_ready()
    deployment = scenario["Deployment/kustomize-controller"].with_fields({"metadata.namespace": namespace})
    expect(deployment).contains_wanted()

    before = container_args(deployment.live() or {})
    kept = [one for one in before if one != FLAG]
    pause = {"op": "add", "path": "/spec/paused", "value": True}
    platform.client.patch(deployment.ref, [pause, {"op": "replace", "path": ARGS, "value": kept}])
    try:
        scenario.request_reconcile(instance.ref)
        object_until(
            platform.client,
            deployment.ref,
            lambda s: FLAG in container_args(s or {}),
            timeout_s=platform.timeouts.reconciled,
        )
        expect(deployment).contains_wanted()
    finally:
        # What does not come back by itself must not stay away for those who come after.
        resume = {"op": "remove", "path": "/spec/paused"}
        platform.client.patch(deployment.ref, [{"op": "replace", "path": ARGS, "value": before}, resume])
    given(instance).becomes_ready()


def _by_sync(scenario: Scenario) -> None:
    """Apply Git's Deployments beside, take a flag off one, and reconcile."""
    platform, deployment = scenario.platform, scenario["Deployment/kustomize-controller"]
    patches: list[dict[str, Any]] = [
        {"target": {"kind": OTHERS}, "patch": REMOVE},
        {"target": {"kind": "Deployment"}, "patch": STOP},
    ]
    fleet = scenario.fleet_branch()
    fleet.write("unused/nothing.yaml")
    head = fleet.commit("change nothing that counts")
    cluster = platform.fleet.folders(platform.environment).cluster
    sync = fleet.sync(
        platform.flux_namespace, path=f"./{cluster}", targetNamespace="a20-target", patches=patches, prune=False
    )
    given(scenario[f"Kustomization/{sync.name}"]).becomes_ready(
        message=f"@{head}", timeout_s=platform.timeouts.reconciled
    )
    expect(deployment).contains_wanted()

    kept = [one for one in container_args(deployment.live() or {}) if one != FLAG]
    platform.client.patch(deployment.ref, [{"op": "replace", "path": ARGS, "value": kept}])
    scenario.reconcile(sync)
    object_until(
        platform.client,
        deployment.ref,
        lambda s: FLAG in container_args(s or {}),
        timeout_s=platform.timeouts.hold_window,
    )
    expect(deployment).contains_wanted()
