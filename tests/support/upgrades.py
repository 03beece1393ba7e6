"""An upgrade as a user starts it, of the pair of releases that the toolchain has, and what its tests look for."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.report.upgrade_schema import UpgradeRow
from conformance.settings import environment
from conformance.timeline import Act, Fate, UpgradeRecord

SOURCE, TARGET = "2.9.2", "2.9.5"
MOVED = {"source-controller": "v1.9.5", "kustomize-controller": "v1.9.5", "helm-controller": "v1.6.4"}
STAYED = {
    "notification-controller": "v1.9.2",
    "image-reflector-controller": "v1.2.3",
    "image-automation-controller": "v1.2.3",
}
"""Not served in the target's version: what runs in their place is the version that they came from."""
BEFORE = {"source-controller": "v1.9.3", "kustomize-controller": "v1.9.3", "helm-controller": "v1.6.2", **STAYED}
KINDS = {
    "foreign-source", "foreign-namespace", "remote-base", "foreign-chart", "foreign-release",
    "disallowed-source", "kubeconfig", "foreign-write",
}  # fmt: skip
TOOLCHAIN = "FLUX_TENANCY_TOOLCHAIN"
BEYOND_SECONDS = 900
"""When a run is given up; on two quiet cores it takes less than three minutes."""


def upgrade(request: pytest.FixtureRequest, folder: Path, checks: str, *words: str) -> int:
    """Run `flux-tenancy upgrade` with its output on the terminal; return the exit code."""
    argv = [sys.executable, "-m", "conformance", "upgrade", "--from", SOURCE, "--to", TARGET, "-k", checks]
    argv += ["--report", str(folder), *words]
    given = environment().get(TOOLCHAIN)
    argv += ["--", f"--flux-toolchain={given}"] if given else []
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        return subprocess.run(argv, check=False, timeout=BEYOND_SECONDS).returncode


def assert_attacked_and_denied(block: UpgradeRow) -> None:
    """See that every kind of attack was made before, during and after, and denied, with its twins at work."""
    assert block.broke == ""
    assert {one.fate for one in block.attacks} == {Fate.DENIED}
    assert block.seconds is not None
    assert {one.kind for one in block.kinds} == KINDS
    for kind in block.kinds:
        moments = [one.at for one in block.attacks if one.kind == kind.kind]
        assert min(moments) < 0 < block.seconds < max(moments), kind.kind
        assert any(0 <= moment <= block.seconds for moment in moments), kind.kind
    assert {(one.kind, one.when) for one in block.twins if one.works} == {
        (kind.kind, when) for kind in block.kinds for when in ("before", "after")
    }


def assert_serves(block: UpgradeRow, versions: dict[str, str]) -> None:
    """See that the processes of these controllers are of these versions, and served at the end of the change."""
    running = {one.controller: one.runs for one in block.controllers}
    assert {name: running[name] for name in versions} == versions
    for name, version in versions.items():
        served = [one.version for one in block.marks if one.controller == name and one.act is Act.SERVES]
        assert served[-1:] == [version], name


def fates(record: UpgradeRecord, kind: str) -> set[Fate]:
    """Return what became of the attacks of a kind."""
    return {one.fate for one in record.attacks if one.kind == kind}
