"""The options of an existing cluster, before anything is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.columns import columns_of
from conformance.errors import InputError
from conformance.existing_options import existing_values
from conformance.model import Environment, Mode

ONE = (Environment.STAGING,)


def values(given: dict[str, Any]) -> tuple[Callable[[str], Any], Callable[[str], bool]]:
    said = {"--flux-provider": "existing"} | given
    return lambda name: said.get(name, ""), lambda name: name in given


def read(given: dict[str, Any], environments: tuple[Environment, ...] = ONE) -> dict[str, Any]:
    value, was_given = values(given)
    return existing_values(value, was_given, environments)


def test_an_existing_cluster_is_audited_unless_said_otherwise() -> None:
    assert read({"--flux-context": "prod"}) == {"context": "prod", "kubeconfig": None, "mode": Mode.AUDIT}
    assert read({"--flux-context": "prod", "--flux-mode": "audit"})["mode"] is Mode.AUDIT


def test_the_kubeconfig_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read({"--flux-context": "prod", "--flux-kubeconfig": "config"})["kubeconfig"] == tmp_path / "config"


def test_the_context_is_always_named() -> None:
    with pytest.raises(InputError, match="needs the context of the cluster by its name: current-context is never"):
        read({})


@pytest.mark.parametrize(
    "option",
    [
        "--flux-version",
        "--flux-bootstrap",
        "--flux-sync",
        "--flux-onboarding",
        "--flux-tenant",
        "--flux-reuse",
        "--flux-kubernetes-version",
        "--flux-upgrade-to",
        "--flux-stand-in",
        "--flux-mutants",
        "--flux-repeat",
        "--flux-keep",
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(option: str) -> None:
    with pytest.raises(InputError, match=f"makes no sense with an existing cluster: {option}: "):
        read({"--flux-context": "prod", option: "x"})


def test_several_that_make_no_sense_are_told_at_once() -> None:
    with pytest.raises(InputError, match=r"--flux-bootstrap: .*; --flux-keep: "):
        read({"--flux-context": "prod", "--flux-keep": True, "--flux-bootstrap": "cli"})


def test_one_cluster_is_one_environment() -> None:
    with pytest.raises(InputError, match="two environments are two"):
        read({"--flux-context": "prod"}, tuple(Environment))


def test_it_may_be_probed() -> None:
    assert read({"--flux-context": "prod", "--flux-mode": "probe"})["mode"] is Mode.PROBE


def test_other_modes_are_refused() -> None:
    with pytest.raises(InputError, match="'guess' is unknown") as raised:
        read({"--flux-context": "prod", "--flux-mode": "guess"})
    assert raised.value.hint == "known: audit, probe"


@pytest.mark.parametrize("option", ["--flux-context", "--flux-kubeconfig", "--flux-mode"])
def test_other_providers_take_none_of_them(option: str) -> None:
    value, given = values({"--flux-provider": "kind", option: "x"})
    with pytest.raises(InputError, match=f"{option} is for existing clusters alone"):
        existing_values(value, given, ONE)
    value, given = values({"--flux-provider": "kind"})
    assert existing_values(value, given, ONE) == {}


@pytest.mark.parametrize(
    "words",
    [
        ["--flux-provider=embedded,existing"],
        ["--flux-provider=existing", "--flux-bootstrap=cli,operator"],
    ],
)
def test_it_is_no_column_of_several(words: list[str]) -> None:
    with pytest.raises(InputError, match="one cluster that is there, and this command makes several"):
        columns_of(words)
