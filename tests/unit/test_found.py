"""What must not be, and what a check found of it, is evidence in every run: also in one that calls it passed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from conformance.errors import Finding
from conformance.evidence import EvidenceFolder
from conformance.expect import expect, expect_none
from conformance.manifests import Planned
from conformance.scenario import Scenario, Subject

CONTROLLER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "kustomize-controller", "namespace": "flux-system"},
}


def scenario(root: Path, live: Any = None, arguments: list[str] | None = None) -> Scenario:
    platform = SimpleNamespace(
        client=SimpleNamespace(find=lambda _ref: live),
        cluster=SimpleNamespace(host=SimpleNamespace(command_line=lambda _: arguments or [])),
    )
    return cast("Scenario", SimpleNamespace(platform=platform, evidence=EvidenceFolder(root, "e", lambda text: text)))


def recorded(of: Scenario, root: Path) -> list[Any]:
    return [yaml.safe_load((root / file.path).read_text()) for file in of.evidence.files() if file.kind == "found"]


def of_args(*arguments: str) -> Any:
    containers = [{"name": "manager", "args": list(arguments)}]
    return {**CONTROLLER, "spec": {"template": {"spec": {"containers": containers}}}}


def subject(of: Scenario, manifest: Any) -> Subject:
    return Subject(of, Planned(manifest, "wanted", as_platform=True, twin=""))


def test_that_nothing_was_found_is_evidence_too(tmp_path: Path) -> None:
    looked = scenario(tmp_path)
    expect_none(looked, [], "a tenant is bound elsewhere")
    assert recorded(looked, tmp_path) == [{"what": "a tenant is bound elsewhere", "found": []}]


def test_what_was_found_is_evidence_before_it_is_a_finding(tmp_path: Path) -> None:
    looked = scenario(tmp_path)
    with pytest.raises(Finding) as found:
        expect_none(looked, (403, "x"), "a tenant is bound elsewhere", wanted="no binding")
    assert (found.value.wanted, found.value.observed) == ("no binding", "403; x")
    assert recorded(looked, tmp_path) == [{"what": "a tenant is bound elsewhere", "found": ["403", "x"]}]


def test_a_finding_may_say_in_other_words_what_was_observed(tmp_path: Path) -> None:
    with pytest.raises(Finding) as found:
        expect_none(scenario(tmp_path), ["list"], "verbs are missing", observed="get, watch")
    assert found.value.observed == "get, watch"


@pytest.mark.parametrize(("live", "lacking"), [("true", []), ("false", ["data.on=true"]), (None, ["data.on=true"])])
def test_what_an_object_lacks_is_evidence(tmp_path: Path, live: str | None, lacking: list[str]) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "a"},
        "data": {"on": "true"},
    }
    looked = scenario(tmp_path, {**manifest, "data": {"on": live}})
    try:
        expect(subject(looked, manifest)).contains_wanted()
    except Finding:
        assert lacking
    assert [one["found"] for one in recorded(looked, tmp_path)] == [lacking]


def test_which_arguments_a_controller_lacks_is_evidence_of_each_place(tmp_path: Path) -> None:
    looked = scenario(tmp_path, of_args("--a=true", "--b=true"), ["--a=true"])
    with pytest.raises(Finding, match="the running process lacks --b=true"):
        expect(subject(looked, of_args("--a=true", "--b=true"))).runs_with_wanted_arguments()
    assert recorded(looked, tmp_path) == [
        {"what": "kustomize-controller: the live Deployment lacks arguments", "found": []},
        {"what": "kustomize-controller: the running process lacks arguments", "found": ["--b=true"]},
    ]
