"""A fleet that lacks a control is non-conformant, with exactly the findings that the control is there to prevent."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.fleets import published, renamed

from conformance import catalog
from conformance.model import Environment, Level, Outcome, Verdict
from conformance.report.write import load_report
from conformance.rows import Expected, rows
from conformance.settings import data_dir

GAPS = [
    # The published policy tests `kubeconfig`, a field that does not exist (catalogue, finding 1).
    pytest.param(
        "policies/base/kubeconfig.yaml",
        ("!has(object.spec.kubeConfig)", "!has(object.spec.kubeconfig)"),
        "B17 or B30 or B31 or B33",
        {"B30", "B31", "B33"},
        id="kubeconfig-misspelt",
    ),
    pytest.param(
        "clusters/staging/flux-system/kustomization.yaml",
        ("--no-remote-bases=true", "--no-remote-bases=false"),
        "A02 or A03 or G01 or G05 or G09",
        {"A02", "G01", "G05"},
        id="remote-bases-allowed",
    ),
]


@pytest.mark.parametrize(("file", "change", "select", "expected"), GAPS)
def test_a_fleet_with_a_gap_is_non_conformant(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    file: str,
    change: tuple[str, str],
    select: str,
    expected: set[str],
) -> None:
    fleet, report = tmp_path / "fleet", tmp_path / "report"
    shutil.copytree(data_dir("fleet-repo"), fleet)
    text = (fleet / file).read_text()
    assert change[0] in text
    (fleet / file).write_text(text.replace(*change))
    argv = [sys.executable, "-m", "conformance", "run", "--fleet", str(fleet), "--report", str(report), "-k", select]
    with capfd.disabled():
        code = subprocess.run(argv, check=False, timeout=300).returncode
    document = load_report(report)
    assert {row.id for row in document.results if row.result is Outcome.FAILED} == expected
    assert {row.id for row in document.results if row.result is Outcome.PASSED} == set(select.split(" or ")) - expected
    assert document.verdict is Verdict.NON_CONFORMANT
    assert code == 1


def test_of_a_fleet_as_published_exactly_the_gaps_are_red(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Profile hardened finds every gap of the published architecture, and nothing else; profile core is content."""
    fleet, report = published(tmp_path / "fleet"), tmp_path / "report"
    argv = [sys.executable, "-m", "conformance", "run", "--fleet", str(fleet), "--report", str(report)]
    with capfd.disabled():
        code = subprocess.run(argv, check=False, timeout=600).returncode
    document = load_report(report)
    judged = [row for row in document.results if row.level is not Level.PROVISIONAL]
    red = {row.id for row in judged if row.result is Outcome.FAILED}
    checks = [entry.check for entry in catalog.listed() if Environment.STAGING in entry.check.environments]
    gaps = {check.id for check in checks if check.level is Level.HARDENED and rows()[check.id].expected is Expected.GAP}
    assert red == gaps
    assert {row.id for row in judged if row.level is Level.CORE and row.result is not Outcome.PASSED} == set()
    assert document.verdict is Verdict.NON_CONFORMANT
    assert code == 1


def test_a_fleet_with_other_names_is_conformant(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fleet, tenant = renamed(tmp_path)
    report = tmp_path / "report"
    argv = [sys.executable, "-m", "conformance", "run", "--report", str(report)]
    argv += ["--fleet", str(fleet), "--tenant", str(tenant)]
    with capfd.disabled():
        code = subprocess.run(argv, check=False, timeout=600).returncode
    document = load_report(report)
    assert [row.key for row in document.results if row.judged and row.result is not Outcome.PASSED] == []
    assert (document.verdict, code) == (Verdict.CONFORMANT, 0)
