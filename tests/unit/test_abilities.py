"""What the bootstrap routes give, and what is therefore not run on the other one."""

import pytest

from conformance.bootstrap.abilities import GIVES, lacks
from conformance.bootstrap.mutants import MUTANTS
from conformance.catalog import listed
from conformance.model import Capability, Level


@pytest.mark.parametrize(("route", "other"), [("cli", Capability.FLUX_OPERATOR), ("operator", Capability.FLUX_CLI)])
def test_a_route_lacks_what_only_the_other_gives(route: str, other: Capability) -> None:
    assert lacks("kind", route) == {other}
    assert lacks("embedded", route) == {other, Capability.NODES, Capability.NETWORK_POLICY}


def test_an_unknown_route_lacks_nothing_so_that_its_own_error_is_the_first_one_seen() -> None:
    assert lacks("kind", "by hand") == frozenset()


@pytest.mark.parametrize("route", GIVES)
def test_every_judged_check_has_a_mutant_on_each_route_that_runs_it(route: str) -> None:
    missing = lacks("kind", route)
    run = [entry.check for entry in listed() if not entry.check.needs & missing]
    unkilled = [
        check.id
        for check in run
        if check.level is not Level.PROVISIONAL and all(MUTANTS[name].needs & missing for name in check.kills)
    ]
    assert unkilled == []
