"""What a controller is given in a Deployment that somebody patched: a sidecar before it, flags in its command."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.checks.platform.test_a13_insecure_kubeconfigs import test_a13_insecure_kubeconfigs as judge_kubeconfigs
from conformance.errors import Finding
from conformance.expect import expect
from conformance.kube.objects import container_args, container_words
from conformance.manifests import Planned
from conformance.observing import Observing
from conformance.scenario import Scenario, Subject

SIDECAR = {"name": "agent", "image": "registry.example.com/agent:v0.1.0", "args": ["--quiet"], "env": []}
UNSAFE = "--insecure-kubeconfig-exec=true"


def manager(**fields: Any) -> dict[str, Any]:
    return {"name": "manager", "image": "ghcr.io/fluxcd/kustomize-controller:v1.9.3", **fields}


def deployment(*containers: Any) -> dict[str, Any]:
    metadata = {"name": "kustomize-controller", "namespace": "flux-system"}
    spec = {"template": {"spec": {"containers": list(containers)}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


class Looking(Observing):
    """A scenario of an audit, where every controller's Deployment is this one."""

    def __init__(self, live: Any) -> None:
        client = SimpleNamespace(find=lambda _: live)
        self.platform: Any = SimpleNamespace(
            client=client, flux_namespace="flux-system", cluster=SimpleNamespace(host=None)
        )
        self.check: Any = SimpleNamespace(id="A13")
        self.evidence: Any = SimpleNamespace(record=lambda *_: None)


def looked(*containers: Any) -> Scenario:
    return cast("Scenario", Looking(deployment(*containers)))


@pytest.mark.parametrize(
    "containers",
    [
        pytest.param([SIDECAR, manager(args=["--watch-all-namespaces=true", UNSAFE])], id="behind a sidecar"),
        pytest.param(
            [manager(command=["/sbin/tini", "--", "kustomize-controller", UNSAFE], args=["--log-level=info"])],
            id="in its command",
        ),
    ],
)
def test_a_flag_is_found_wherever_the_process_gets_it(containers: list[Any]) -> None:
    with pytest.raises(Finding, match="accepts insecure kubeconfigs"):
        judge_kubeconfigs(scenario=looked(*containers))


def test_what_is_wanted_is_looked_for_there_too() -> None:
    wanted = deployment(manager(args=["--no-remote-bases=true"]))
    for containers in (
        [SIDECAR, manager(args=["--no-remote-bases=true"])],
        [manager(command=["/kustomize-controller", "--no-remote-bases=true"])],
    ):
        one = Subject(looked(*containers), Planned(wanted, "wanted", as_platform=True, twin=""))
        expect(one).runs_with_wanted_arguments()
    beside = {**SIDECAR, "args": ["--no-remote-bases=true"]}
    other = Subject(looked(beside, manager(args=["--x"])), Planned(wanted, "wanted", as_platform=True, twin=""))
    with pytest.raises(Finding, match="the live Deployment lacks --no-remote-bases=true"):
        expect(other).runs_with_wanted_arguments()


def test_the_version_is_the_controllers() -> None:
    assert looked(SIDECAR, manager()).component_version("kustomize-controller") == (1, 9, 3)


def test_the_last_word_on_a_flag_is_that_of_args() -> None:
    one = deployment(manager(command=["/x", "--a=1"], args=["--a=2"]))
    assert container_words(one) == ["--a=1", "--a=2"]
    assert container_args(one) == ["--a=2"]
    assert container_words(deployment()) == []
