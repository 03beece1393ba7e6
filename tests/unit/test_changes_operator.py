"""What is changed on a platform that Flux Operator keeps: the FluxInstance, put back as it was."""

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.bootstrap import changes, changes_operator
from conformance.bootstrap.mutants import MUTANTS
from conformance.errors import BootstrapError
from conformance.model import Capability

PATCH = {"target": {"kind": "Deployment", "name": "helm-controller"}}


class FakeClient:
    """An API server with one FluxInstance and an operator that is at once ready, or never."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.arguments = ["--events-addr=x", "--no-cross-namespace-refs=true"]
        self.said: list[Any] = []
        self.live: dict[str, Any] = {
            "metadata": {"name": "flux", "generation": 1, "resourceVersion": "7", "annotations": {}},
            "spec": {"cluster": {"multitenant": True}},
        }

    def get(self, ref: Any) -> Any:
        if ref.kind == "Deployment":
            return {"spec": {"template": {"spec": {"containers": [{"args": self.arguments}]}}}}
        return copy.deepcopy(self.live)

    def objects_at(self, *_: Any, **__: Any) -> tuple[list[Any], str]:
        return [copy.deepcopy(self.live)], "8"

    def watch(self, *_: Any, **__: Any) -> Any:
        return iter(())

    def patch(self, ref: Any, body: Any) -> Any:
        assert ref.kind == "FluxInstance", "the operator would undo a change of a Deployment"
        if isinstance(body, list):
            self.live["spec"] = body[0]["value"]
            self.live["metadata"]["generation"] += 1
        else:
            changed = {**self.live["metadata"]["annotations"], **body["metadata"]["annotations"]}
            self.live["metadata"]["annotations"] = {k: v for k, v in changed.items() if v is not None}
        self.said.append(body)
        if self.works:
            generation = self.live["metadata"]["generation"]
            handled = self.live["metadata"]["annotations"].get("reconcile.fluxcd.io/requestedAt")
            ready = {"type": "Ready", "status": "True", "observedGeneration": generation}
            self.live["status"] = {"conditions": [ready], "lastHandledReconcileAt": handled}
        return copy.deepcopy(self.live)


def platform(client: FakeClient, *capabilities: Capability) -> Any:
    return SimpleNamespace(
        client=client,
        flux_namespace="flux-system",
        capabilities=frozenset(capabilities or (Capability.FLUX_OPERATOR,)),
        timeouts=SimpleNamespace(mutant_in_force=0.05),
    )


def test_an_argument_is_changed_in_the_fluxinstance() -> None:
    client = FakeClient()
    before = copy.deepcopy(client.live["spec"])
    with changes.arguments(platform(client), "helm-controller", drop="--no-cross-namespace-refs"):
        (patch,) = client.live["spec"]["kustomize"]["patches"]
        assert patch["target"] == PATCH["target"]
        assert '"value": ["--events-addr=x"]' in patch["patch"]
    assert client.live["spec"] == before


def test_patches_that_the_fleet_has_stay() -> None:
    client = FakeClient()
    client.live["spec"]["kustomize"] = {"patches": [PATCH]}
    with changes.arguments(platform(client), "helm-controller", add="--x=1"):
        assert client.live["spec"]["kustomize"]["patches"][0] == PATCH
        assert len(client.live["spec"]["kustomize"]["patches"]) == 2
    assert client.live["spec"]["kustomize"]["patches"] == [PATCH]


def test_nothing_is_taken_away_that_is_not_there() -> None:
    client = FakeClient()
    with (
        pytest.raises(BootstrapError, match="does not have --no-remote-bases"),
        changes.arguments(platform(client), "helm-controller", drop="--no-remote-bases"),
    ):
        pass
    assert client.said == []


def test_the_operators_own_deployment_is_nobodys_but_its_own() -> None:
    assert changes_operator.keeps(platform(FakeClient()), "helm-controller")
    assert not changes_operator.keeps(platform(FakeClient()), "flux-operator")
    assert not changes_operator.keeps(platform(FakeClient(), Capability.FLUX_CLI), "helm-controller")


def test_multitenancy_is_taken_away_and_given_back() -> None:
    client = FakeClient()
    with changes_operator.not_multitenant(platform(client)):
        assert client.live["spec"]["cluster"] == {"multitenant": False}
    assert client.live["spec"]["cluster"] == {"multitenant": True}


def test_an_operator_that_does_not_follow_is_a_breakdown_and_the_spec_is_put_back() -> None:
    client = FakeClient(works=False)
    with (
        pytest.raises(BootstrapError, match=r"flux-system/FluxInstance/flux did not apply its spec within 0.05 s"),
        changes_operator.not_multitenant(platform(client)),
    ):
        pass
    assert client.live["spec"]["cluster"] == {"multitenant": True}


@pytest.mark.parametrize("before", [None, "10m"])
def test_a_platform_is_held_still_by_its_interval(before: str | None) -> None:
    client = FakeClient()
    client.live["metadata"]["annotations"] = {changes_operator._EVERY: before} if before else {}
    with changes_operator.held_still(platform(client)):
        assert client.live["metadata"]["annotations"][changes_operator._EVERY] == "720h"
    assert client.live["metadata"]["annotations"].get(changes_operator._EVERY) == before


def test_without_the_operator_there_is_nothing_to_hold() -> None:
    client = FakeClient()
    with changes_operator.held_still(platform(client, Capability.FLUX_CLI)):
        assert client.said == []


def test_who_is_left_alone_says_so_and_is_asked_to_reconcile_afterwards() -> None:
    client = FakeClient()
    with changes_operator.unreconciled(platform(client)):
        assert client.live["metadata"]["annotations"] == {"fluxcd.controlplane.io/reconcile": "disabled"}
    assert list(client.live["metadata"]["annotations"]) == ["reconcile.fluxcd.io/requestedAt"]


def test_who_is_reddened_by_a_part_of_a_mutant_is_not_spared_by_the_whole() -> None:
    whole = MUTANTS["M18-multitenant"]
    assert not whole.spares(["M18-multitenant"])
    assert not whole.spares(["M99", "M03-helm"])
    assert whole.spares(["M04", "M15-flux"])
    assert MUTANTS["M02"].spares(["M03-helm"])


class FakeOperator:
    """An API server with the operator's own Deployment, which rolls out at once."""

    def __init__(self, env: list[dict[str, str]]) -> None:
        self.container: dict[str, Any] = {"args": ["--log-level=info"], "env": env}
        self.patched: list[list[str]] = []

    def get(self, _: Any) -> Any:
        counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
        spec = {"replicas": 1, "template": {"spec": {"containers": [copy.deepcopy(self.container)]}}}
        return {"metadata": {"generation": 1}, "spec": spec, "status": counts}

    def objects_at(self, *_: Any, **__: Any) -> tuple[list[Any], str]:
        return [self.get(None)], "1"

    def watch(self, *_: Any, **__: Any) -> Any:
        return iter(())

    def patch(self, _: Any, steps: list[dict[str, Any]]) -> None:
        self.patched.append([step["path"].rpartition("/")[2] for step in steps])
        for step in steps:
            self.container[step["path"].rpartition("/")[2]] = step["value"]


@pytest.mark.parametrize(
    ("env", "left", "changed"),
    [
        ([{"name": "A", "value": "1"}, {"name": "PORT", "value": "0"}], [{"name": "A", "value": "1"}], ["args", "env"]),
        ([{"name": "A", "value": "1"}], [{"name": "A", "value": "1"}], ["args"]),
        ([], [], ["args"]),
    ],
)
def test_a_variable_that_would_win_over_a_flag_is_away_as_long_as_the_flag_is_there(
    env: list[dict[str, str]], left: list[dict[str, str]], changed: list[str]
) -> None:
    client = FakeOperator(env)
    before = copy.deepcopy(client.container)
    made: Any = platform(client)  # type: ignore[arg-type]
    with changes.arguments(made, "flux-operator", add="--port=1", unset="PORT"):
        assert client.container == {"args": ["--log-level=info", "--port=1"], "env": left}
    assert client.container == before
    assert client.patched == [changed, changed]
