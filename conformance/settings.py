"""Options, environment and defaults in one `Settings`; every timeout has a name, a reason and a maximum.

The only module that reads `os.environ`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from conformance.model import Environment, Mode, Onboarding, Profile, Route, Sync

APP = "flux-tenancy-conformance"
PACKAGE_DIR = Path(__file__).resolve().parent
_NETWORK = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Upper bounds in seconds. A slower machine raises them all with `--flux-timeout-factor`."""

    image_pull: float = 900.0
    """A node image of 1 GB from a slow registry."""
    kind_cluster: float = 300.0
    """`kind create cluster`, and the node Ready; seen 20 s."""
    image_load: float = 180.0
    """One image from the engine into the node; seen 3 s."""
    control_plane: float = 90.0
    """kwokctl's own readiness; seen 3 s warm on 2 cores."""
    api_request: float = 30.0
    """One answer of the API server; seen up to 1 s while the fleet is planted."""
    chart_pull: float = 30.0
    """The Flux Operator's chart, of 100 kB, from its registry; helm tries a silent one again and again."""
    bootstrap: float = 240.0
    """`flux bootstrap git` to its end, seen 7.5 s; or the Flux Operator and its FluxInstance, seen 23 s."""
    fleet_ready: float = 240.0
    """policies, tenants and every tenant's sync Ready; seen 12 s."""
    policy_enforced: float = 15.0
    """A new or changed ValidatingAdmissionPolicy bites; seen 0.45-1.0 s (catalogue T03)."""
    reconciled: float = 90.0
    """A Kustomization or source judged after it was planted; seen under 10 s for 100 at once."""
    health_checked: float = 150.0
    """A HelmRelease installed or a workload healthy."""
    precondition: float = 150.0
    """The same, or a Pod that runs, where a check cannot be judged without; not shortened where a mutant lives."""
    workload: float = 60.0
    """A Pod created, or refused, by a workload controller."""
    upgraded: float = 300.0
    """Another Flux release asked for in Git, and all its controllers Ready; seen 6 to 16 s (ADR 0027)."""
    namespace_gone: float = 180.0
    """A throw-away namespace removed with all that lies in it; seen 6 to 11 s."""
    mutant_in_force: float = 60.0
    """A restarted controller serves again, or a policy flips."""
    pod_ready: float = 90.0
    """A Pod runs on a real node; seen up to 25 s where thirty start together on two cores."""
    network_settled: float = 120.0
    """The network follows a new Pod or policy; seen 1 to 3 s alone, over 30 s beside all other checks on two cores."""
    probe: float = 40.0
    """One connection with its kubectl, or a name that nobody resolves: two attempts of five seconds each."""
    hold_window: float = 3.0
    """How long harm must stay absent after a denial: three requeues of a failed first try."""

    def scaled(self, factor: float) -> "Timeouts":
        """Return all bounds times `factor`, except the hold window, which is no bound."""
        values = {name: getattr(self, name) * factor for name in self.__dataclass_fields__ if name != "hold_window"}
        return Timeouts(**values, hold_window=self.hold_window)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one run was asked to do."""

    flux_version: str = "2.9.2"
    provider: str = "embedded"
    reuse: str = ""
    """Name of a kept Kind cluster to take; empty: make a new one."""
    context: str = ""
    """Of the kubeconfig: the existing cluster; empty with every other provider."""
    kubeconfig: Path | None = None
    """None: KUBECONFIG, else `~/.kube/config`; only ever read."""
    mode: Mode | None = None
    """What is done to an existing cluster; None with every other provider."""
    kubernetes_version: str = ""
    """Of the nodes, such as `1.36` or `v1.36.4`; empty: the provider's own."""
    bootstrap: Route = Route.CLI
    operator_chart: str = ""
    """Address of the Flux Operator's Helm chart, with oci:// and without a version; empty: its module's manifests."""
    sync: Sync = Sync.GIT
    onboarding: Onboarding = Onboarding.BASE
    profile: Profile = Profile.HARDENED
    environments: tuple[Environment, ...] = (Environment.STAGING,)
    toolchain: Path | None = None
    """An explicit folder of binaries, asked before the cache."""
    fleet: Path | None = None
    """None: the reference fleet of this package."""
    tenant: Path | None = None
    report: Path | None = None
    """Where the run's folder is made; None: `flux-tenancy-report` under the working directory's state."""
    keep: bool = False
    repeat: int = 1
    """Rounds of the same checks on the same platform."""
    upgrade_to: str = ""
    """Flux release that the platform is taken to, under attack, between two rounds of the checks; empty: none."""
    upgrade_and_back: bool = False
    """Whether the platform is taken back to its first release, under attack, after it was judged on the other."""
    stand_in: str = ""
    """Flux release whose controllers run in place of those that the release has not here; empty: none."""
    mutants: tuple[str, ...] = ()
    """Ids of mutants to run; ("all",) for every one."""
    timeouts: Timeouts = field(default_factory=Timeouts)


def chosen_words(settings: Settings) -> tuple[str, ...]:
    """Return the options of `flux-tenancy run` that say what is judged, and how strictly, where they were given."""
    usual = Settings()
    chosen = {
        "--fleet": (settings.fleet, usual.fleet),
        "--tenant": (settings.tenant, usual.tenant),
        "--toolchain": (settings.toolchain, usual.toolchain),
        "--profile": (settings.profile, usual.profile),
        "--version": (settings.flux_version, usual.flux_version),
        "--stand-in": (settings.stand_in, usual.stand_in),
        "--kubernetes": (settings.kubernetes_version, usual.kubernetes_version),
        "--operator-chart": (settings.operator_chart, usual.operator_chart),
    }
    return tuple(word for name, (value, default) in chosen.items() if value != default for word in (name, str(value)))


def cache_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Where binaries are kept: `FLUX_TENANCY_CACHE`, else the user's cache folder (XDG)."""
    chosen = (environ if environ is not None else os.environ).get("FLUX_TENANCY_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir(APP))


def state_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Where records of live runs are kept, for the next start to reap: XDG state folder."""
    chosen = (environ if environ is not None else os.environ).get("FLUX_TENANCY_STATE")
    return Path(chosen) if chosen else Path(platformdirs.user_state_dir(APP))


def kubeconfig_files(chosen: Path | None, environ: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Return the kubeconfig files, as kubectl finds them: the chosen one, those of KUBECONFIG, or `~/.kube/config`.

    Of those of KUBECONFIG only the ones that are there.
    """
    if chosen is not None:
        return (chosen,)
    named = (environ if environ is not None else os.environ).get("KUBECONFIG", "")
    files = [Path(part) for part in named.split(os.pathsep) if part] or [Path.home() / ".kube" / "config"]
    return tuple(file for file in files if file.is_file())


def github_file(name: str, environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the file that GitHub Actions reads after a step, such as `GITHUB_OUTPUT`; None anywhere else."""
    chosen = (environ if environ is not None else os.environ).get(name)
    return Path(chosen) if chosen else None


def environment() -> dict[str, str]:
    """Return a copy of this process's environment, for children that need PATH and proxies."""
    return dict(os.environ)


def network_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what of the environment says how to reach the internet: proxies, and certificates to trust."""
    found = environ if environ is not None else os.environ
    return {name: value for name, value in found.items() if name.upper() in _NETWORK}


def data_dir(name: str) -> Path:
    """Return a data folder (`fleet-repo`, `tenant-repo`, `fixtures`, `toolchain`), of the checkout or the wheel."""
    shipped = PACKAGE_DIR / "_data" / name
    return shipped if shipped.is_dir() else PACKAGE_DIR.parent / name
