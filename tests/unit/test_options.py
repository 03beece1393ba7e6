"""From options and ini values to settings."""

import contextlib
from pathlib import Path
from typing import Any, cast

import pytest

from conformance import options
from conformance.bootstrap.mutants import MUTANTS
from conformance.errors import InputError
from conformance.model import Environment, Profile, Route
from conformance.options import OPTIONS, argv_of, chosen_mutants, mutants_of, read_settings
from conformance.settings import Settings, Timeouts

STAGING = (Environment.STAGING,)


class FakeConfig:
    """What pytest's config knows after the command line and the ini file were read."""

    def __init__(self, given: dict[str, Any], ini: dict[str, Any]) -> None:
        self.given = given
        self.ini = {option.ini: False if option.flag else option.default for option in OPTIONS} | ini

    def getoption(self, name: str) -> Any:
        return self.given.get(name)

    def getini(self, name: str) -> Any:
        return self.ini[name]


def config(given: dict[str, Any] | None = None, ini: dict[str, Any] | None = None) -> pytest.Config:
    return cast("pytest.Config", FakeConfig(given or {}, ini or {}))


def test_nothing_given_is_the_default() -> None:
    assert read_settings(config(), STAGING) == Settings()


def test_names_begin_with_flux_and_their_ini_twins_are_unique() -> None:
    assert all(option.name.startswith("--flux-") and option.help for option in OPTIONS)
    assert [option.ini for option in OPTIONS if not option.ini.startswith("flux_")] == []
    assert len({option.ini for option in OPTIONS}) == len(OPTIONS)


def test_the_command_line_comes_before_the_ini_file() -> None:
    ini = {"flux_profile": "core", "flux_keep": True}
    assert read_settings(config(ini=ini), STAGING).profile is Profile.CORE
    assert read_settings(config(ini=ini), STAGING).keep
    assert read_settings(config({"--flux-profile": "hardened"}, ini), STAGING).profile is Profile.HARDENED


def test_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fleet").mkdir()
    monkeypatch.chdir(tmp_path)
    found = read_settings(config({"--flux-fleet": "fleet", "--flux-report": "not/there/yet"}), STAGING)
    assert (found.fleet, found.report) == (tmp_path / "fleet", tmp_path / "not" / "there" / "yet")


@pytest.mark.parametrize("option", ["--flux-fleet", "--flux-tenant", "--flux-toolchain"])
def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, option: str) -> None:
    (tmp_path / "file").touch()
    for given in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(InputError, match=f"{option} '.*' is not a folder"):
            read_settings(config({option: str(given)}), STAGING)


@pytest.mark.parametrize("value", ["", "fast", "nan", "inf", "-1", "0", "0.09", "101"])
def test_a_factor_that_makes_no_sense_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="--flux-timeout-factor"):
        read_settings(config({"--flux-timeout-factor": value}), STAGING)


def test_a_factor_stretches_every_bound_and_not_the_hold_window() -> None:
    found = read_settings(config({"--flux-timeout-factor": "2.5"}), STAGING).timeouts
    usual = Timeouts()
    assert found.hold_window == usual.hold_window
    for name in set(usual.__dataclass_fields__) - {"hold_window"}:
        assert getattr(found, name) == 2.5 * getattr(usual, name), name


@pytest.mark.parametrize(
    ("given", "mutants"),
    [("", ()), ("all", ("all",)), ("M02,M04", ("M02", "M04")), (" M02 , M04 ,", ("M02", "M04"))],
)
def test_mutants_are_a_list_with_commas(given: str, mutants: tuple[str, ...]) -> None:
    assert mutants_of(config({"--flux-mutants": given})) == mutants
    assert mutants_of(config(ini={"flux_mutants": given})) == mutants
    assert read_settings(config({"--flux-mutants": given}), STAGING).mutants == mutants


def test_a_mutant_that_the_provider_cannot_have_is_refused_where_it_is_named() -> None:
    with pytest.raises(
        InputError, match="need nodes cannot be run on the provider embedded with the bootstrap cli: M80-no-engine"
    ):
        read_settings(config({"--flux-mutants": "M02,M80-no-engine"}), STAGING)


@pytest.mark.parametrize(
    ("route", "other", "mutant"),
    [("cli", "flux-operator", "M18-account"), ("operator", "flux-cli", "M78-lockdown-not-in-git")],
)
def test_a_mutant_of_the_other_route_is_refused_where_it_is_named(route: str, other: str, mutant: str) -> None:
    said = f"need {other} cannot be run on the provider embedded with the bootstrap {route}: {mutant}"
    with pytest.raises(InputError, match=said):
        read_settings(config({"--flux-mutants": f"M02,{mutant}", "--flux-bootstrap": route}), STAGING)


def test_unknown_mutants_are_refused_all_at_once() -> None:
    with pytest.raises(InputError, match="unknown mutants: M98, M99"):
        read_settings(config({"--flux-mutants": "M98,M02,M99"}), STAGING)


def test_words_of_a_command_line_leave_out_what_has_no_value() -> None:
    values = {"--a": "x", "--b": None, "--c": "", "--d": False, "--e": True, "--f": Path("y z")}
    assert argv_of(values) == ["--a=x", "--e", "--f=y z"]


def test_kind_and_its_options_are_read() -> None:
    given = {"--flux-provider": "kind", "--flux-kubernetes-version": "1.35", "--flux-reuse": "ftc-x"}
    found = read_settings(config(given), STAGING)
    assert (found.provider, found.kubernetes_version, found.reuse) == ("kind", "1.35", "ftc-x")


@pytest.mark.parametrize("name", ["--flux-reuse", "--flux-kubernetes-version"])
def test_what_is_for_kind_alone_is_refused_elsewhere(name: str) -> None:
    with pytest.raises(InputError, match="is for Kind clusters alone"):
        read_settings(config({name: "1.36"}), STAGING)


def test_one_kept_cluster_cannot_stand_for_two_environments() -> None:
    given = {"--flux-provider": "kind", "--flux-reuse": "ftc-x"}
    with pytest.raises(InputError, match="takes one cluster"):
        read_settings(config(given), tuple(Environment))


def test_mutants_of_code_are_left_out_on_kind_and_refused_when_they_are_named() -> None:
    everything = config({"--flux-provider": "kind", "--flux-mutants": "all"})
    assert "M02" in chosen_mutants(everything)
    assert not any(MUTANTS[name].tools for name in chosen_mutants(everything))
    assert len(chosen_mutants(config({"--flux-mutants": "all"}))) == len(MUTANTS)
    read_settings(everything, STAGING)
    with pytest.raises(InputError, match=r"mutants of code cannot be run on Kind.*M40-path-escape"):
        read_settings(config({"--flux-provider": "kind", "--flux-mutants": "M02,M40-path-escape"}), STAGING)


def test_the_bootstrap_is_one_of_the_routes() -> None:
    assert read_settings(config({"--flux-bootstrap": "operator"}), STAGING).bootstrap is Route.OPERATOR
    with pytest.raises(InputError, match="--flux-bootstrap 'helm' is unknown"):
        read_settings(config({"--flux-bootstrap": "helm"}), STAGING)


UPGRADE = {"--flux-bootstrap": "operator", "--flux-upgrade-to": "2.9.5"}


@pytest.mark.parametrize("route", Route)
def test_an_upgrade_is_asked_for_by_its_target(route: Route) -> None:
    settings = read_settings(config({**UPGRADE, "--flux-bootstrap": route}), STAGING)
    assert (settings.upgrade_to, settings.upgrade_and_back, settings.bootstrap) == ("2.9.5", False, route)


def test_a_way_back_is_asked_for_beside_an_upgrade_and_never_alone() -> None:
    assert read_settings(config({**UPGRADE, "--flux-upgrade-and-back": True}), STAGING).upgrade_and_back
    with pytest.raises(InputError, match="goes back from nowhere"):
        read_settings(config({"--flux-upgrade-and-back": True}), STAGING)


@pytest.mark.parametrize(
    ("source", "target", "back", "refused"),
    [
        ("2.8.9", "2.9.2", False, False),
        ("2.8.9", "2.9.2", True, True),
        ("2.9.2", "2.8.9", False, True),
        ("2.9.2", "2.9.10", True, False),
    ],
)
def test_the_operator_is_not_asked_for_a_lower_minor_release(
    monkeypatch: pytest.MonkeyPatch, source: str, target: str, back: bool, refused: bool
) -> None:
    monkeypatch.setattr(options, "known_releases", lambda _: [source, target])
    given = {"--flux-version": source, "--flux-upgrade-to": target, "--flux-upgrade-and-back": back}
    assert read_settings(config({**UPGRADE, **given, "--flux-bootstrap": "cli"}), STAGING).upgrade_to == target
    with pytest.raises(InputError, match="lower minor") if refused else contextlib.nullcontext():
        read_settings(config({**UPGRADE, **given}), STAGING)


STAND_IN = {"--flux-version": "2.9.5", "--flux-stand-in": "2.9.2"}


def test_a_release_may_stand_in_for_another() -> None:
    assert read_settings(config(STAND_IN), STAGING).stand_in == "2.9.2"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"--flux-stand-in": "2.9.5"}, "no other known release than 2.9.5"),
        ({"--flux-stand-in": "2.9.99"}, "no other known release"),
        ({"--flux-provider": "kind"}, "embedded"),
    ],
)
def test_a_stand_in_that_cannot_be_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_settings(config({**STAND_IN, **given}), STAGING)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"--flux-upgrade-to": "2.9.2"}, "no other known release than 2.9.2"),
        ({"--flux-upgrade-to": "2.9.99"}, "no other known release"),
        ({"--flux-provider": "kind"}, "embedded"),
        ({"--flux-sync": "oci"}, "an upgrade is a commit"),
        ({"--flux-repeat": "3"}, "judges the checks twice"),
        ({"--flux-mutants": "all"}, "judges the checks twice"),
    ],
)
def test_an_upgrade_that_cannot_be_done_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_settings(config({**UPGRADE, **given}), STAGING)


CHART = "oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator"
BY_OPERATOR = {"--flux-bootstrap": "operator"}


@pytest.mark.parametrize("address", [CHART, "oci://127.0.0.1:5000/flux-operator", "oci://[::1]:5000/a_b/c.d"])
def test_the_operators_chart_is_an_address(address: str) -> None:
    assert read_settings(config({"--flux-operator-chart": address, **BY_OPERATOR}), STAGING).operator_chart == address
    assert read_settings(config(BY_OPERATOR, {"flux_operator_chart": address}), STAGING).operator_chart == address
    assert read_settings(config(BY_OPERATOR), STAGING).operator_chart == ""


@pytest.mark.parametrize(
    "address",
    [
        CHART.removeprefix("oci://"),
        CHART.replace("oci", "https"),
        "oci://ghcr.io",
        f"{CHART}:0.59.0",
        f"{CHART}@sha256:{'0' * 64}",
        CHART.replace("ghcr.io", "me:hidden@ghcr.io"),
        f"{CHART} --set=x",
        f"{CHART}/",
        "/charts/flux-operator.tgz",
    ],
)
def test_what_is_no_address_of_a_chart_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(InputError, match="is not the address of a chart in an OCI registry") as refused:
        read_settings(config({"--flux-operator-chart": address, **BY_OPERATOR}), STAGING)
    assert "hidden" not in str(refused.value)


def test_the_operators_chart_is_for_its_route_alone() -> None:
    with pytest.raises(InputError, match="--flux-operator-chart is for the Flux Operator alone"):
        read_settings(config({"--flux-operator-chart": CHART}), STAGING)
