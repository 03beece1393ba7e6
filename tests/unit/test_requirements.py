"""What a check needs beyond being read, and which checks an audit judges."""

from pathlib import Path

import pytest

from conformance import catalog
from conformance.bootstrap.abilities import lacks
from conformance.errors import InputError
from conformance.model import Capability, Level
from conformance.requirements import derived

READ = (
    "A01 A02 A03 A05 A13 A14 A15 A16 A17 A18 A19 A21 A24 B34 C36 D01 E13 H01 H03 J09 J13".split()  # noqa: SIM905
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
    return derived(folder / "test_one.py", folder / "one.yaml")


def test_these_checks_are_judged_by_an_audit() -> None:
    missing = lacks("existing")
    found = [
        entry.check.id
        for entry in catalog.listed()
        if not (entry.check.needs | derived(entry.module, entry.scenario)) & missing
    ]
    assert found == READ


def test_an_audit_judges_core_and_hardened_rows() -> None:
    levels = {entry.check.level for entry in catalog.listed() if entry.check.id in READ}
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
        ("expect_flows(scenario, [])", Capability.SUBMISSIONS),
        ("scenario.fleet_branch()", Capability.REPOSITORIES),
        ("scenario.log_lines('helm-controller', 'x')", Capability.FLUX_PROCESSES),
    ],
)
def test_the_vocabulary_says_what_a_check_needs(tmp_path: Path, code: str, needs: Capability) -> None:
    assert written(tmp_path, code) == {needs}


def test_an_address_of_a_server_needs_repositories(tmp_path: Path) -> None:
    assert written(tmp_path, "", WANTED.replace("{}\n", "{url: '${git_url}/x'}\n")) == {Capability.REPOSITORIES}


def test_a_scenario_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not YAML"):
        written(tmp_path, "", "kind: [\n")
