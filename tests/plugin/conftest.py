"""A pytest of its own for each test, with its own state folder, and checks that the test writes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.settings import PACKAGE_DIR

CHECK = '''"""{id}: a tenant cannot do this.

Because it would be bad.
"""

import pytest
from conformance.api import Breakdown, Capability, Control, Environment, Finding, Level, Scenario, check


@check("{id}", control=Control.PRUNE, {options})
def test_{name}(scenario: Scenario) -> None:
    {body}
'''


class Suite:
    """Runs pytest as a subprocess: signals and file descriptors are the run's own."""

    checks = PACKAGE_DIR / "checks"
    mutation = PACKAGE_DIR / "mutation"

    def __init__(self, pytester: pytest.Pytester, state: Path) -> None:
        self.pytester = pytester
        self.state = state

    def run(self, *words: object) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *map(str, words), timeout=60)

    def write_check(
        self, body: str = "pass", *, check_id: str = "F01", options: str = "kills=['M02']", scenario: str = ""
    ) -> Path:
        name = f"{check_id.lower()}_own"
        path = self.pytester.path / f"test_{name}.py"
        path.write_text(CHECK.format(id=check_id, options=options, name=name, body=body))
        path.with_name(f"{name}.yaml").write_text(scenario)
        return path

    def nothing_was_started(self) -> bool:
        """Whether no folder of a run and no report is there."""
        left = [path for name in ("runs", "reports") for path in self.state.glob(f"{name}/*") if path.is_dir()]
        return left == []


@pytest.fixture
def suite(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    state = tmp_path / "state"
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(state))
    monkeypatch.setenv("FLUX_TENANCY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return Suite(pytester, state)


@pytest.fixture
def fake(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Run with a session that has no platform."""

    def run(mood: str = "", *words: object) -> pytest.RunResult:
        monkeypatch.setenv("FAKE_SESSION", mood)
        suite.pytester.makeconftest((Path(__file__).with_name("fake_session.py")).read_text())
        return suite.run("-m", "staging", "--flux-report=report", *words)

    return run
