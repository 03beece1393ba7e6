"""Certifications that are only played: what a command over several columns sees of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from conformance import columns
from conformance.columns import last
from conformance.model import Environment, Level, Outcome, Profile, Result, Run
from conformance.report.write import write_run


def run_of(column: str, outcome: Outcome) -> Run:
    bootstrap, _, provider = column.partition("-")
    result = Result(
        id="F01",
        statement="a tenant stays at home",
        level=Level.CORE,
        environment=Environment.STAGING,
        outcome=outcome,
        duration_s=1.0,
        control="no-cross-namespace-refs",
    )
    return Run(
        run_id=column,
        started="2026-01-01T00:00:00Z",
        profile=Profile.HARDENED,
        flux_version="2.9.2",
        provider=provider,
        bootstrap=bootstrap,
        kubernetes_version="v1.36.3",
        environments=(Environment.STAGING,),
        fleet="reference",
        fleet_commits={},
        address_map={},
        argument_changes=(),
        lockdown={},
        binaries=(),
        phases=(),
        results=(result,),
        expected_keys=frozenset({"staging/F01"}),
    )


Starting = Callable[..., list[list[str]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Starting:
    """Return a function that stands in for the certifications: column -> outcome, exit code, or what it does."""

    def stand_in(**ends: object) -> list[list[str]]:
        seen: list[list[str]] = []

        def run(argv: Sequence[str], came: list[int]) -> int:
            seen.append(list(argv))
            folder = Path(last(argv, "--flux-report"))
            end = ends[folder.name.replace("-", "_")]
            if callable(end):
                end = end(folder, came)
            if isinstance(end, Outcome):
                return write_run(folder, run_of(folder.name, end)).judgement.exit_code
            assert isinstance(end, int)
            return end

        monkeypatch.setattr(columns, "run_in_foreground", run)
        return seen

    return stand_in
