"""What a check needs beyond being read, and which checks an audit judges."""

from pathlib import Path

import pytest

from conformance import api, catalog
from conformance.bootstrap.abilities import GIVES, lacks
from conformance.errors import InputError
from conformance.expect import AnswerExpectation, SubjectExpectation
from conformance.kube.client import KubeClient
from conformance.model import Capability, Level, Mode, Route
from conformance.requirements import _ASKED, ANSWERED, AWAITED, LASTING, derived
from conformance.scenario import Answer, Scenario, Subject

READ = (
    "A01 A02 A03 A05 A13 A14 A15 A16 A17 A18 A19 A21 A24 B34 C36 D01 E01 E02 E03 E04 E05 E06 E07 E08 E09 E10 E11 E12 "
    "E13 H03 J09 J13"
)
"""What `--flux-mode audit` judges. A check that leaves or joins does so knowingly."""
PROBED = (
    "B05 B06 B17 B19 B21 B22 B24 B25 B26 B28 B29 B32 B41 B45 B46 B47 B49 C14 C15 C17 C20 C22 C23 C24 C25 C26 C32 C34 "
    "D02 D04 D06 D08 J06"
)
"""What `--flux-mode probe` judges beside them."""
SPOKEN = (Scenario, Subject, Answer, AnswerExpectation, SubjectExpectation, KubeClient)
LOOKED = """admitted answer arguments audit_id broken ca_file check close component_version condition container_args
contains_wanted creates declared_policies denial departures describe environment eventually existing expect
expect_none expect_that feature_gates find from_kubeconfig get given given_that groups has_dns has_nodes host
is_admitted is_refused leaves leaves_no_trace list listable live lockdown_arguments manifest may_plant may_submit
message node_addresses object object_until objects objects_at operator_account operator_setting outside pick planned
pods_with reason ref ref_to request resource rule_allows runs_with_wanted_arguments scenario selects shown
shown_by_traffic status subject subjects subjects_of to until_enforced version watch who with_fields"""
"""Words that only look, or say what was seen."""
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


def test_these_checks_are_judged_by_a_probe_beside_them() -> None:
    more = lacks("existing") - lacks("existing", mode=Mode.PROBE)
    assert more == {Capability.DRY_RUNS}
    found = [
        entry.check.id
        for entry in catalog.listed()
        if (needs := entry.check.needs | derived(entry.module, entry.scenario)) & more
        and not needs & lacks("existing", mode=Mode.PROBE)
    ]
    assert " ".join(found) == PROBED
    said = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"{len(found)} more" in said.partition("### A probe")[2].partition("\n## ")[0]


def test_every_word_of_the_vocabulary_is_known_here() -> None:
    """A new word must be looked at: can a dry-run answer it?"""
    spoken = {word for one in SPOKEN for word in dir(one) if not word.startswith("_")}
    spoken |= {word for word in api.__all__ if word[0].islower()}
    known = f"{ANSWERED} {LASTING} {AWAITED} {LOOKED} audited_answer audited_absence audited_condition".split()
    assert sorted(spoken - set(known) - {word for words in _ASKED.values() for word in words.split()}) == []


def test_what_a_probe_cannot_let_last_it_does_not_judge(tmp_path: Path) -> None:
    tried = WANTED.replace("wanted", "attempt")
    planted = WANTED.replace("name: one\n", "name: one\n  namespace: shared-a\n").replace("wanted", "plant")
    assert written(tmp_path, "one.live()", tried) == {Capability.SUBMISSIONS}
    assert written(tmp_path, "scenario.get(ref, as_tenant='shared-a')", planted) == {Capability.DRY_RUNS}
    elsewhere = planted.replace("shared-a", "kube-system")
    assert written(tmp_path, "", elsewhere) == {Capability.SUBMISSIONS}
    assert written(tmp_path, "", planted.replace("ConfigMap", "Deployment")) == {Capability.SUBMISSIONS}
    inside = tried.replace("name: one\n", "name: two\n  namespace: one\n")
    assert written(tmp_path, "", f"{tried.replace('ConfigMap', 'Namespace')}---\n{inside}") == {Capability.SUBMISSIONS}


def test_an_address_that_only_admission_hears_needs_no_server(tmp_path: Path) -> None:
    tried = WANTED.replace("wanted", "attempt").replace("{}\n", "{url: '${git_url}/x'}\n")
    assert written(tmp_path, "one.submit()", tried) == {Capability.DRY_RUNS}
    assert written(tmp_path, "given(one).becomes_ready()", tried) == {Capability.SUBMISSIONS, Capability.REPOSITORIES}


def test_an_audit_judges_core_and_hardened_rows() -> None:
    levels = {entry.check.level for entry in catalog.listed() if entry.check.id in READ.split()}
    assert {Level.CORE, Level.HARDENED} <= levels


def test_what_only_reads_needs_nothing(tmp_path: Path) -> None:
    code = "account = labels.get('x')\nfound = client.objects('v1', 'Pod', labels='a=b')\nlive = one.live()\n"
    assert written(tmp_path, code) == frozenset()


@pytest.mark.parametrize(("use", "needs"), [("plant", Capability.SUBMISSIONS), ("attempt", Capability.DRY_RUNS)])
def test_what_is_planted_needs_submissions_and_what_is_tried_dry_runs(
    tmp_path: Path, use: str, needs: Capability
) -> None:
    assert written(tmp_path, "", WANTED.replace("wanted", use)) == {needs}


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("client.apply(one)", Capability.SUBMISSIONS),
        ("scenario.get(ref, as_tenant='shared-a')", Capability.DRY_RUNS),
        ("client.impersonating('x')", Capability.DRY_RUNS),
        ("client.impersonating('x', group='y')", Capability.SUBMISSIONS),
        ("client.create(one)", Capability.DRY_RUNS),
        ("client.patch(one, {})", Capability.SUBMISSIONS),
        ("scenario.patch(one, {}, as_tenant='')", Capability.DRY_RUNS),
        ("scenario.account('shared-a', name)", Capability.DRY_RUNS),
        ("scenario.account(namespace, name)", Capability.SUBMISSIONS),
        ("client.token('shared-a', name)", Capability.DRY_RUNS),
        ("platform.client.token(namespace, account)", Capability.SUBMISSIONS),
        ("scenario.list('v1', 'Secret', namespace, as_tenant='shared-a')", Capability.SUBMISSIONS),
        ("given(one.submit()).becomes_ready()", Capability.SUBMISSIONS),
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
    made = Capability.SUBMISSIONS if use == "plant" else Capability.DRY_RUNS
    assert written(tmp_path, "", POD.replace("wanted", use)) == {made}


def test_other_objects_of_a_check_of_the_network_are_not_imagined(tmp_path: Path) -> None:
    assert written(tmp_path, "expect_flows(scenario, [])", WANTED.replace("wanted", "plant")) == {
        Capability.SUBMISSIONS
    }


def test_an_address_of_a_server_needs_repositories(tmp_path: Path) -> None:
    assert written(tmp_path, "", WANTED.replace("{}\n", "{url: '${git_url}/x'}\n")) == {Capability.REPOSITORIES}


def test_a_scenario_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not YAML"):
        written(tmp_path, "", "kind: [\n")
