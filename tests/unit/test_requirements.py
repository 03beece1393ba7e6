"""What a check needs beyond being read, and which checks an audit judges."""

from pathlib import Path

import pytest

from conformance import catalog
from conformance.bootstrap.abilities import GIVES, lacks
from conformance.errors import InputError
from conformance.model import Capability, Level, Route
from conformance.requirements import derived

READ = (
    "A01 A02 A03 A05 A13 A14 A15 A16 A17 A18 A19 A21 A24 B34 C36 D01 E01 E02 E03 E04 E05 E06 E07 E08 E09 E10 E11 E12 "
    "E13 H03 J09 J13"
)
"""What `--flux-mode audit` judges. A check that leaves or joins does so knowingly."""
WANTED = """apiVersion: v1
kind: ConfigMap
metadata:
  name: one
  annotations: {conformance.fluxtenancy.dev/use: wanted}
data: {}
"""


def written(folder: Path, code: str, scenario: str = WANTED) -> frozenset[Capability]:
    (folder / "test_one.py").write_text(code)
    (folder / "one.yaml").write_text(scenario)
    derived.cache_clear()
    return derived(folder / "test_one.py", folder / "one.yaml")


def test_these_checks_are_judged_by_an_audit() -> None:
    missing = lacks("existing")
    found = [
        entry.check.id
        for entry in catalog.listed()
        if not (entry.check.needs | derived(entry.module, entry.scenario)) & missing
    ]
    assert " ".join(found) == READ


@pytest.mark.parametrize(("route", "count"), [(Route.CLI, 31), (Route.OPERATOR, 32)])
def test_so_many_are_judged_by_each_route_and_the_readme_says_so(route: Route, count: int) -> None:
    missing = lacks("existing") | (frozenset().union(*GIVES.values()) - GIVES[route])
    wanted = [entry.check.needs | derived(entry.module, entry.scenario) for entry in catalog.listed()]
    assert len([needs for needs in wanted if not needs & missing]) == count
    said = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert str(count) in said.partition("## Existing clusters")[2].partition("\n## ")[0]


def test_an_audit_judges_core_and_hardened_rows() -> None:
    levels = {entry.check.level for entry in catalog.listed() if entry.check.id in READ.split()}
    assert {Level.CORE, Level.HARDENED} <= levels


def test_what_only_reads_needs_nothing(tmp_path: Path) -> None:
    code = "account = labels.get('x')\nfound = client.objects('v1', 'Pod', labels='a=b')\nlive = one.live()\n"
    assert written(tmp_path, code) == frozenset()


@pytest.mark.parametrize("use", ["plant", "attempt"])
def test_what_is_planted_or_submitted_needs_submissions(tmp_path: Path, use: str) -> None:
    assert written(tmp_path, "", WANTED.replace("wanted", use)) == {Capability.SUBMISSIONS}


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("client.apply(one)", Capability.SUBMISSIONS),
        ("scenario.get(ref, as_tenant='shared-a')", Capability.SUBMISSIONS),
        ("client.impersonating('x')", Capability.SUBMISSIONS),
        ("scenario.fleet_branch()", Capability.REPOSITORIES),
        ("scenario.log_lines('helm-controller', 'x')", Capability.FLUX_PROCESSES),
    ],
)
def test_the_vocabulary_says_what_a_check_needs(tmp_path: Path, code: str, needs: Capability) -> None:
    assert written(tmp_path, code) == {needs}


POD = WANTED.replace("ConfigMap", "Pod")


@pytest.mark.parametrize("use", ["plant", "attempt"])
def test_pods_of_a_check_of_the_network_are_imagined(tmp_path: Path, use: str) -> None:
    code = "given(one.submit()).is_admitted()\nexpect_flows(scenario, [])\n"
    assert written(tmp_path, code, POD.replace("wanted", use)) == frozenset()
    assert written(tmp_path, "", POD.replace("wanted", use)) == {Capability.SUBMISSIONS}


def test_other_objects_of_a_check_of_the_network_are_not_imagined(tmp_path: Path) -> None:
    assert written(tmp_path, "expect_flows(scenario, [])", WANTED.replace("wanted", "plant")) == {
        Capability.SUBMISSIONS
    }


def test_an_address_of_a_server_needs_repositories(tmp_path: Path) -> None:
    assert written(tmp_path, "", WANTED.replace("{}\n", "{url: '${git_url}/x'}\n")) == {Capability.REPOSITORIES}


def test_a_scenario_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not YAML"):
        written(tmp_path, "", "kind: [\n")
