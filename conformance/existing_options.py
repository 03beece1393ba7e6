"""The options of an existing cluster: which of the others make no sense with it, and what it cannot do without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.errors import InputError
from conformance.model import Environment, Mode
from conformance.providers.protocol import EXISTING

_OWN = ("--flux-context", "--flux-kubeconfig", "--flux-mode")
_OF_OTHERS = {
    "--flux-version": "the version is that of the cluster",
    "--flux-bootstrap": "Flux is there already, and how it came is read from it",
    "--flux-operator-chart": "nothing is installed",
    "--flux-sync": "nothing is pushed",
    "--flux-onboarding": "no tenant is brought in",
    "--flux-tenant": "no tenant repository is pushed",
    "--flux-reuse": "it takes a Kind cluster that a run kept",
    "--flux-kubernetes-version": "the version is that of the cluster",
    "--flux-upgrade-to": "no controller is changed",
    "--flux-stand-in": "no controller is run",
    "--flux-mutants": "no control is removed",
    "--flux-repeat": "the cluster is read once",
    "--flux-keep": "it stays anyway",
}
"""Option -> why it makes no sense with an existing cluster."""


def existing_values(
    value: Callable[[str], Any], given: Callable[[str], bool], environments: tuple[Environment, ...]
) -> dict[str, Any]:
    """Return the settings of an existing cluster; none where another provider was chosen.

    Args:
        value: of an option, by its name.
        given: whether an option was set to something else than its default.

    Raises:
        InputError: something is missing, or makes no sense; nothing was read.
    """
    if value("--flux-provider") != EXISTING:
        for name in _OWN:
            if given(name):
                raise InputError(f"{name} is for existing clusters alone", hint=f"add --flux-provider {EXISTING}")
        return {}
    _refuse_others(given, environments)
    if not value("--flux-context"):
        raise InputError(
            "--flux-provider existing needs the context of the cluster by its name: current-context is never taken",
            hint="add --flux-context NAME; `kubectl config get-contexts -o name` names them",
        )
    kubeconfig = value("--flux-kubeconfig")
    return {
        "context": value("--flux-context"),
        "kubeconfig": Path(kubeconfig).absolute() if kubeconfig else None,
        "mode": _mode(value("--flux-mode")),
    }


def _refuse_others(given: Callable[[str], bool], environments: tuple[Environment, ...]) -> None:
    senseless = {name: why for name, why in _OF_OTHERS.items() if given(name)}
    if senseless:
        said = "; ".join(f"{name}: {why}" for name, why in senseless.items())
        raise InputError(f"this makes no sense with an existing cluster: {said}", hint="leave it out")
    if len(environments) > 1:
        raise InputError(
            "--flux-context names one cluster, and two environments are two",
            hint="say with --environment staging or production (pytest: -m) which one it is",
        )


def _mode(name: str) -> Mode:
    if name and name not in set(Mode):
        raise InputError(f"--flux-mode '{name}' is unknown", hint=f"known: {', '.join(Mode)}")
    return Mode(name or Mode.AUDIT)
