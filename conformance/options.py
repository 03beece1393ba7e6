"""The `--flux-*` options, their ini twins, and their checking."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.bootstrap.abilities import lacks
from conformance.bootstrap.mutants import MUTANTS
from conformance.errors import InputError
from conformance.existing_options import existing_values
from conformance.model import Capability, Environment, Onboarding, Profile, Route, Sync
from conformance.providers.protocol import EXISTING
from conformance.settings import Settings, Timeouts, data_dir
from conformance.toolchain import known_releases

PROVIDERS = ("embedded", "kind")
BOOTSTRAPS = tuple(Route)
"""Both in the order in which they are shown; what comes later takes more of a machine or of a fleet. A cluster that is
there already is none of those that runs make."""
_FACTORS = (0.1, 100.0)
_ROUNDS = 1000
_CHART = re.compile(r"oci://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?(/[a-z0-9._-]+)+")
"""Of an OCI registry; without tag, digest and credentials."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option; its ini twin has the same name with underscores and without dashes in front."""

    name: str
    help: str
    default: str = ""
    flag: bool = False

    @property
    def ini(self) -> str:
        """Name in `[tool.pytest.ini_options]`."""
        return self.name.removeprefix("--").replace("-", "_")


OPTIONS = (
    Option("--flux-version", "Flux release to certify, one of toolchain/flux-releases.yaml", "2.9.2"),
    Option("--flux-provider", "where the cluster comes from: embedded, kind, existing", "embedded"),
    Option("--flux-context", "the existing cluster, by its context in the kubeconfig; current-context is never taken"),
    Option("--flux-kubeconfig", "its kubeconfig, only read (default: KUBECONFIG, else ~/.kube/config)"),
    Option("--flux-mode", "what is done to an existing cluster: audit, which only reads (default), or probe"),
    Option("--flux-reuse", "a Kind cluster that --flux-keep kept, by name, in place of a new one"),
    Option("--flux-kubernetes-version", "Kubernetes of Kind's node, such as 1.36 or v1.36.4 (default: 1.36)"),
    Option("--flux-bootstrap", "how Flux gets onto it: cli, operator", "cli"),
    Option("--flux-operator-chart", "Helm chart of the Flux Operator, oci:// without version (default: its manifests)"),
    Option("--flux-upgrade-to", "Flux release to upgrade the platform to, under attack, and judge the checks again"),
    Option(
        "--flux-upgrade-and-back", "take the platform back to its first release afterwards, attacked too", flag=True
    ),
    Option("--flux-stand-in", "Flux release whose controllers stand in for those that no Go module serves"),
    Option("--flux-sync", "where the cluster takes the fleet from: git, oci", "git"),
    Option("--flux-onboarding", "how the tenants of the checks are brought in: base, command, resourceset", "base"),
    Option("--flux-profile", "levels that the verdict judges: core, hardened", "hardened"),
    Option("--flux-fleet", "fleet repository to certify, a folder (default: the reference fleet)"),
    Option("--flux-tenant", "tenant repository, a folder (default: the reference tenant)"),
    Option("--flux-toolchain", "folder with binaries, asked before the cache"),
    Option("--flux-report", "folder for the report (default: a new one under the user's state folder)"),
    Option("--flux-mutants", "kill mutants after the checks that claim them: 'all', or ids with commas between"),
    Option("--flux-repeat", "judge the checks so many times on one platform, and report how often each failed", "1"),
    Option("--flux-timeout-factor", "multiplies every timeout, for slow machines", "1"),
    Option("--flux-keep", "hold the platform after the last check until Ctrl-C; a Kind cluster stays", flag=True),
)


def add_options(parser: pytest.Parser) -> None:
    """Register every option with its ini twin."""
    group = parser.getgroup("flux-tenancy", "tenant isolation of Flux CD")
    for option in OPTIONS:
        if option.flag:
            group.addoption(option.name, action="store_true", default=None, help=option.help)
            parser.addini(option.ini, option.help, type="bool", default=False)
        else:
            group.addoption(option.name, default=None, metavar="VALUE", help=option.help)
            parser.addini(option.ini, option.help, default=option.default)


def read_settings(config: pytest.Config, environments: tuple[Environment, ...]) -> Settings:
    """Return the settings of this run: command line before ini file before default.

    Raises:
        InputError: an unknown value, or a folder that is not there; nothing was started.
    """
    value = functools.partial(_value, config)
    for name, known in (("--flux-provider", (*PROVIDERS, EXISTING)), ("--flux-bootstrap", BOOTSTRAPS)):
        _one_of(name, value(name), known)
    existing = existing_values(value, functools.partial(_given, config), environments)
    _one_of("--flux-sync", value("--flux-sync"), tuple(Sync))
    _one_of("--flux-onboarding", value("--flux-onboarding"), tuple(Onboarding))
    for name, what in (("--flux-onboarding", Onboarding.RESOURCESET), ("--flux-sync", Sync.OCI)):
        if value(name) == what and value("--flux-bootstrap") != Route.OPERATOR:
            raise InputError(
                f"{name} '{what}' is for the Flux Operator alone", hint=f"add --flux-bootstrap {Route.OPERATOR}"
            )
    for name in ("--flux-reuse", "--flux-kubernetes-version"):
        if value(name) and value("--flux-provider") != "kind":
            raise InputError(f"{name} '{value(name)}' is for Kind clusters alone", hint="add --flux-provider kind")
    if value("--flux-reuse") and len(environments) > 1:
        raise InputError("--flux-reuse takes one cluster, and two environments need two", hint="choose one environment")
    _one_of("--flux-profile", value("--flux-profile"), tuple(Profile))
    mutants = mutants_of(config)
    unknown = [name for name in mutants if name not in MUTANTS and name != "all"]
    if unknown:
        raise InputError(f"unknown mutants: {', '.join(unknown)}", hint="`flux-tenancy mutants --list` names them")
    if builds := [name for name in mutants if name not in chosen_mutants(config) and name != "all"]:
        raise InputError(
            f"mutants of code cannot be run on Kind, where controllers are images: {', '.join(builds)}",
            hint="run them with --flux-provider embedded",
        )
    if barred := [name for name in mutants if name != "all" and lacking(config, MUTANTS[name].needs)]:
        raise InputError(
            f"mutants that need {lacking(config, _needs(barred))} cannot be run on the provider "
            f"{value('--flux-provider')} with the bootstrap {value('--flux-bootstrap')}: {', '.join(barred)}",
            hint="choose a provider and a bootstrap that have it, or leave them out",
        )
    return Settings(
        flux_version=value("--flux-version"),
        provider=value("--flux-provider"),
        reuse=value("--flux-reuse"),
        kubernetes_version=value("--flux-kubernetes-version"),
        **existing,
        bootstrap=Route(value("--flux-bootstrap")),
        operator_chart=_operator_chart(value),
        sync=Sync(value("--flux-sync")),
        onboarding=Onboarding(value("--flux-onboarding")),
        profile=Profile(value("--flux-profile")),
        environments=environments,
        toolchain=_folder("--flux-toolchain", value("--flux-toolchain")),
        fleet=_folder("--flux-fleet", value("--flux-fleet")),
        tenant=_folder("--flux-tenant", value("--flux-tenant")),
        report=Path(value("--flux-report")).absolute() if value("--flux-report") else None,
        keep=bool(value("--flux-keep")),
        repeat=_rounds(value("--flux-repeat")),
        upgrade_to=_upgrade(value),
        upgrade_and_back=bool(value("--flux-upgrade-and-back")),
        stand_in=_stand_in(value),
        mutants=mutants,
        timeouts=Timeouts().scaled(_factor(value("--flux-timeout-factor"))),
    )


def mutants_of(config: pytest.Config) -> tuple[str, ...]:
    """Return the mutants that were asked for, known or not; empty: none, ("all",): every one."""
    return tuple(part.strip() for part in _value(config, "--flux-mutants").split(",") if part.strip())


def chosen_mutants(config: pytest.Config) -> list[str]:
    """Return the known mutants that were asked for and that the provider can run, in their order."""
    asked, images = mutants_of(config), _value(config, "--flux-provider") == "kind"
    able = [name for name, mutant in MUTANTS.items() if not (images and mutant.tools)]
    return [name for name in able if "all" in asked or name in asked]


def on_existing(config: pytest.Config) -> bool:
    """Return whether the run is on a cluster that was there before it."""
    return bool(_value(config, "--flux-provider") == EXISTING)


def lacking(config: pytest.Config, needs: frozenset[Capability]) -> str:
    """Return what of these needs the chosen provider or bootstrap lacks by its nature; empty: nothing."""
    missing = lacks(*(str(_value(config, f"--flux-{part}")) for part in ("provider", "bootstrap", "mode")))
    return ", ".join(sorted(needs & missing))


def _needs(mutants: Sequence[str]) -> frozenset[Capability]:
    return frozenset[Capability]().union(*(MUTANTS[name].needs for name in mutants))


def _value(config: pytest.Config, name: str) -> Any:
    given = config.getoption(name)
    return given if given is not None else config.getini(name.removeprefix("--").replace("-", "_"))


def _given(config: pytest.Config, name: str) -> bool:
    """Return whether an option was set, by the command line or, to something else than its default, by the ini file."""
    default = next(False if option.flag else option.default for option in OPTIONS if option.name == name)
    return (
        config.getoption(name) not in (None, False, "") or config.getini(name.lstrip("-").replace("-", "_")) != default
    )


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if set(value.split(",")) <= set(known) and value not in known:
        raise InputError(
            f"{name} '{value}' are several, and one session of pytest certifies one platform",
            hint=f"`flux-tenancy run {name} {value}` certifies each and compares them",
        )
    if value not in known:
        raise InputError(f"{name} '{value}' is unknown", hint=f"known: {', '.join(known)}")


def _folder(name: str, value: str) -> Path | None:
    if not value:
        return None
    path = Path(value).absolute()
    if not path.is_dir():
        raise InputError(f"{name} '{value}' is not a folder", hint="give a folder that exists")
    return path


def _factor(value: str) -> float:
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not _FACTORS[0] <= factor <= _FACTORS[1]:
        raise InputError(
            f"--flux-timeout-factor '{value}' is not a number from 0.1 to 100", hint="2 doubles every timeout"
        )
    return factor


def _rounds(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= _ROUNDS:
        raise InputError(f"--flux-repeat '{value}' is not a number from 1 to {_ROUNDS}", hint="20 is a good one")
    return int(value)


def _operator_chart(value: Callable[[str], Any]) -> str:
    """Return the address of the Flux Operator's chart; refuse what can be no such address, before anything is asked."""
    address = str(value("--flux-operator-chart"))
    if not address:
        return ""
    if value("--flux-bootstrap") != Route.OPERATOR:
        raise InputError(
            "--flux-operator-chart is for the Flux Operator alone", hint=f"add --flux-bootstrap {Route.OPERATOR}"
        )
    if not _CHART.fullmatch(address):
        # Not named: there may be a password in it.
        raise InputError(
            "--flux-operator-chart is not the address of a chart in an OCI registry, without version and credentials",
            hint="such as oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator; the version is the operator's own",
        )
    return address


def _upgrade(value: Callable[[str], Any]) -> str:
    """Return the release to upgrade to; refuse what cannot be done, before anything is started."""
    target, source = str(value("--flux-upgrade-to")), str(value("--flux-version"))
    if not target and value("--flux-upgrade-and-back"):
        raise InputError("--flux-upgrade-and-back goes back from nowhere", hint="add --flux-upgrade-to")
    if not target:
        return ""
    _refuse_no_other("--flux-upgrade-to", target, source)
    if value("--flux-provider") != "embedded":
        raise InputError(
            "upgrades are there for platforms on the embedded control plane alone",
            hint="leave --flux-provider out",
        )
    if value("--flux-sync") == Sync.OCI:
        raise InputError(
            "an upgrade is a commit, and with --flux-sync oci the cluster takes the fleet from artifacts",
            hint="leave --flux-sync out",
        )
    legs = [(source, target), *([(target, source)] if value("--flux-upgrade-and-back") else [])]
    if value("--flux-bootstrap") == Route.OPERATOR and any(_minor(new) < _minor(old) for old, new in legs):
        raise InputError(
            "the Flux Operator takes no platform to a lower minor release of Flux (internal/builder/semver.go)",
            hint="go to another patch of the same minor, or leave --flux-upgrade-and-back out",
        )
    if value("--flux-mutants") or _rounds(value("--flux-repeat")) > 1:
        raise InputError("--flux-upgrade-to judges the checks twice, and goes with neither mutants nor --flux-repeat")
    return target


def _refuse_no_other(option: str, release: str, than: str) -> None:
    others = [known for known in known_releases(data_dir("toolchain")) if known != than]
    if release not in others:
        hint = f"known: {', '.join(others)}"
        raise InputError(f"{option} '{release}' is no other known release than {than}", hint=hint)


def _minor(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".")[:2])


def _stand_in(value: Callable[[str], Any]) -> str:
    """Return the release whose controllers stand in; refuse what cannot be done, before anything is started."""
    other, version = str(value("--flux-stand-in")), str(value("--flux-version"))
    if not other:
        return ""
    _refuse_no_other("--flux-stand-in", other, version)
    if value("--flux-provider") != "embedded" or value("--flux-upgrade-to"):
        raise InputError(
            "controllers stand in for others on the embedded control plane alone, and not beside an upgrade",
            hint="leave --flux-stand-in out: Kind runs images, and an upgrade has both releases anyway",
        )
    return other


def argv_of(values: dict[str, Any]) -> list[str]:
    """Return command-line words for options that have a value, for `flux-tenancy run`."""
    words: list[str] = []
    for name, value in values.items():
        if value is True:
            words.append(name)
        elif value not in (None, False, ""):
            words.append(f"{name}={value}")
    return words
