"""A release that no Go module serves as a whole: which controllers the other release lends."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import fixtures
from conformance.model import Route
from conformance.settings import Settings

WHOLE = dict.fromkeys(fixtures.CONTROLLERS, "v1")
PART = dict.fromkeys(("source-controller", "kustomize-controller", "helm-controller"), "v2")
LENT = sorted(set(WHOLE) - set(PART))


@dataclass
class Toolchain:
    components: dict[str, str]
    asked: list[str] = field(default_factory=list)

    @property
    def recipes(self) -> Any:
        return SimpleNamespace(components=self.components)

    def path(self, tool: str) -> None:
        self.asked.append(tool)


def session(settings: Settings, own: Toolchain, other: Toolchain | None) -> Any:
    return SimpleNamespace(
        settings=settings, toolchain=own, target=other, providers=SimpleNamespace(runs_controllers=True)
    )


def test_a_stand_in_lends_what_the_release_lacks_and_nothing_else() -> None:
    own, other = Toolchain(PART), Toolchain(WHOLE)
    settings = Settings(flux_version="2.9.5", stand_in="2.9.2")
    assert sorted(fixtures._of_target(settings, own, other)) == LENT  # type: ignore[arg-type]
    fixtures.Session._wait_for_controllers(session(settings, own, other))
    assert (sorted(own.asked), sorted(other.asked)) == (sorted(PART), LENT)


def test_a_run_with_a_stand_in_builds_no_controller_that_its_release_lacks() -> None:
    providers = SimpleNamespace(tools=(), runs_controllers=True)
    wanted = fixtures._tools(Settings(stand_in="2.9.2"), providers, Toolchain(PART))  # type: ignore[arg-type]
    assert set(WHOLE) & set(wanted) == set(PART)


@pytest.mark.parametrize("settings", [Settings(), Settings(upgrade_to="2.9.5")])
def test_without_a_stand_in_the_release_s_own_controllers_are_needed(settings: Settings) -> None:
    own, other = Toolchain(WHOLE), Toolchain(PART)
    fixtures.Session._wait_for_controllers(session(settings, own, other))
    assert (sorted(own.asked), other.asked) == (sorted(WHOLE), [])


@pytest.mark.parametrize(("route", "flux"), [(Route.CLI, ["flux"]), (Route.OPERATOR, [])])
def test_the_cli_of_the_other_release_is_needed_where_it_prints_the_upgrade(route: Route, flux: list[str]) -> None:
    settings = Settings(upgrade_to="2.9.5", bootstrap=route)
    found = fixtures._of_target(settings, Toolchain(WHOLE), Toolchain(PART))  # type: ignore[arg-type]
    assert sorted(found) == sorted([*flux, *PART])
