"""What is collected, what is chosen, and that nothing happens where there is nothing to do."""

from typing import Any

import pytest

from conformance.bootstrap.abilities import lacks
from conformance.bootstrap.mutants import MUTANTS
from conformance.options import OPTIONS


def test_the_plugin_is_inert_where_no_check_is_collected(suite: Any) -> None:
    suite.pytester.makepyfile("def test_trivial(): pass")
    result = suite.run()
    result.assert_outcomes(passed=1)
    assert "flux" not in (result.stdout.str() + result.stderr.str()).replace("flux-tenancy-conformance-", "")
    assert not suite.state.exists()


def test_every_option_has_an_ini_twin_and_says_what_it_is(suite: Any) -> None:
    said = " ".join(suite.run("--help").stdout.str().split())
    for option in OPTIONS:
        assert f"{option.name}" in said
        assert f"{option.ini} (" in said
        assert option.name.startswith("--flux-")


def test_the_ini_file_is_read_and_the_command_line_comes_first(suite: Any) -> None:
    suite.write_check()
    suite.pytester.makeini("[pytest]\nflux_version = 1.1.1\nflux_timeout_factor = slow\n")
    assert "--flux-timeout-factor 'slow'" in suite.run().stderr.str()
    assert "1.1.1" in suite.run("--flux-timeout-factor=2").stderr.str()
    assert "2.2.2" in suite.run("--flux-timeout-factor=2", "--flux-version=2.2.2").stderr.str()
    assert suite.nothing_was_started()


def test_a_check_is_chosen_by_its_id(suite: Any) -> None:
    found = names(suite.run("--collect-only", "-k", "F01", suite.checks))
    test = "test_f01_foreign_git_source.py::test_foreign_git_source"
    assert found == {f"{test}[staging]", f"{test}[production]"}


@pytest.mark.parametrize(("chosen", "other"), [("staging", "production"), ("production", "staging")])
def test_an_environment_is_chosen_by_its_mark(suite: Any, chosen: str, other: str) -> None:
    found = names(suite.run("--collect-only", "-m", chosen, suite.checks))
    assert len(found) > 40
    assert all(chosen in name and other not in name for name in found)


def test_collection_alone_starts_nothing(suite: Any) -> None:
    result = suite.run("--collect-only", suite.checks, "--flux-mutants=all", suite.mutation)
    assert result.ret == 0
    assert not suite.state.exists()


def test_zero_checks_collected_is_an_error(suite: Any) -> None:
    result = suite.run("-k", "Z99", suite.checks)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not suite.state.exists()


def test_mutants_that_nobody_asked_for_are_not_collected(suite: Any) -> None:
    assert suite.run(suite.mutation).ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_each_mutant_is_one_test_for_each_of_its_environments(suite: Any) -> None:
    found = names(suite.run("--collect-only", "--flux-mutants=all", suite.mutation))
    assert len(found) == sum(
        len(mutant.environments) for mutant in MUTANTS.values() if not mutant.needs & lacks("embedded")
    )
    some = names(suite.run("--collect-only", "--flux-mutants= M02, M04", "-m", "staging", suite.mutation))
    assert {name.partition("[")[2] for name in some} == {"staging-M02]", "staging-M04]"}


def test_a_route_decides_what_is_collected_and_what_runs_alone(suite: Any) -> None:
    words = ("--collect-only", "-m", "staging", "-k", "A20 or A21 or A22", suite.checks)
    assert ids(suite.run(*words)) == ["a20", "a21"]
    assert ids(suite.run(*words, "--flux-bootstrap=operator")) == ["a21", "a22", "a20"]


def ids(result: pytest.RunResult) -> list[str]:
    return [line.rpartition("/test_")[2][:3] for line in result.outlines if "::" in line]


def names(result: pytest.RunResult) -> set[str]:
    return {line.rpartition("/")[2] for line in result.outlines if "::" in line}
