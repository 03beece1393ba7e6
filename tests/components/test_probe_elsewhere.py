"""Probes of other platforms than the one of test_probe.py: of production, and of one that the Flux Operator made."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.existing import (
    Looked,
    as_nodes_have_it,
    bind,
    everything,
    fleet_of,
    kubeconfig,
    look,
    role,
    running,
    wait_until_settled,
    written,
)

from conformance.bootstrap.platform import Platform
from conformance.model import Environment, Mode, Outcome, Route, Verdict
from conformance.process import processes_of_run
from conformance.runs import open_run

pytestmark = pytest.mark.timeout(300)

RUN = "test-probe-elsewhere"
PROBER = "prober"
PLATFORMS = [(Environment.PRODUCTION, Route.CLI), (Environment.STAGING, Route.OPERATOR)]
JUDGED = {Environment.PRODUCTION: 61, Environment.STAGING: 64}
"""Rows: production lacks three of staging's and has B21; J09 is of the Flux Operator alone."""


@pytest.fixture(scope="module", params=PLATFORMS, ids=[f"{env}-{route}" for env, route in PLATFORMS])
def platform(
    request: pytest.FixtureRequest, binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    env, route = request.param
    folder = open_run(f"{RUN}-{env}-{route}")
    report = tmp_path_factory.mktemp("report")
    with running(folder.run_id, folder, binary, report, "bystander", env=env, route=route) as made:
        as_nodes_have_it(made)
        wait_until_settled(made)
        yield made
    folder.remove()
    assert processes_of_run(folder.run_id) == []


@pytest.fixture(scope="module")
def probed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    accounts = [("kube-system", PROBER)]
    for name in ("audit", "probe"):
        bind(platform, role(platform, name), *accounts)
    root = tmp_path_factory.mktemp("probe")
    config, fleet = written(kubeconfig(platform, accounts), root), fleet_of(platform, root / "fleet")
    words = ("--mode", "probe", "--environment", str(platform.environment), "--fleet", str(fleet))
    before = everything(platform)
    done = look(config, root / "report", PROBER, *words)
    after = everything(platform)
    assert after == before, f"{sorted(after ^ before)}\n{done.said}"
    return done


def test_it_is_conformant_as_far_as_it_was_probed(platform: Platform, probed: Looked) -> None:
    assert probed.code == 0, probed.said
    report = probed.report
    assert (report.verdict, report.environment.mode) == (Verdict.CONFORMANT, Mode.PROBE)
    assert report.environment.bootstrap == str(platform.route)
    assert report.environment.environments == (platform.environment,)
    assert report.new_surface == ()
    assert {row.result for row in report.results if row.judged} == {Outcome.PASSED}
    judged = {row.id for row in report.results}
    assert ("J09" in judged) == (platform.route is Route.OPERATOR)
    assert ("B21" in judged) == (platform.environment is Environment.PRODUCTION)
    assert len(judged) == JUDGED[platform.environment]
    assert len(judged | set(report.beyond)) == report.suite.catalog_size


def test_nothing_is_left(probed: Looked) -> None:
    (said,) = [note for note in probed.report.notes if note.startswith("inventory: ")]
    assert said.partition(";")[0].endswith(" objects before and the same after")
