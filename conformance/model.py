"""The vocabulary of the suite as frozen records; no I/O, no third-party imports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance.capability import Capability as Capability  # noqa: PLC0414 - part of the vocabulary, as the next
from conformance.choices import Mode as Mode  # noqa: PLC0414
from conformance.choices import Onboarding as Onboarding  # noqa: PLC0414
from conformance.choices import Route as Route  # noqa: PLC0414
from conformance.choices import Sync as Sync  # noqa: PLC0414
from conformance.control import Control as Control  # noqa: PLC0414 - part of the vocabulary, kept apart for its length
from conformance.explained import Form as Form  # noqa: PLC0414 - likewise
from conformance.explained import Part as Part  # noqa: PLC0414
from conformance.flow import Cell as Cell  # noqa: PLC0414 - likewise
from conformance.flow import Fidelity as Fidelity  # noqa: PLC0414
from conformance.flow import Reach as Reach  # noqa: PLC0414
from conformance.flow import Seen as Seen  # noqa: PLC0414
from conformance.timeline import UpgradeRecord

Manifest = Mapping[str, Any]
"""A Kubernetes object as YAML gives it."""


class Level(StrEnum):
    """How binding a check is (docs/adr/0004)."""

    CORE = "core"
    """Promised by Flux's published multi-tenancy architecture."""
    HARDENED = "hardened"
    """A gap of that architecture that a fleet's own guards close."""
    PROVISIONAL = "provisional"
    """A documented limit or a version-gated property: reported, never judged."""


class Environment(StrEnum):
    """An environment of the fleet repository; each gets a cluster of its own."""

    STAGING = "staging"
    PRODUCTION = "production"


class Outcome(StrEnum):
    """The result of one check in one environment."""

    PASSED = "passed"
    FAILED = "failed"
    """A finding: the property does not hold."""
    ERROR = "error"
    """A breakdown: the check could not be judged."""
    SKIPPED = "skipped"
    UNSUPPORTED = "unsupported"
    """The provider declares that it cannot show this property."""


class Plane(StrEnum):
    """Where a denial can be seen; planes are independent of each other."""

    CONDITION = "condition"
    """The Flux object's condition."""
    ANSWER = "answer"
    """The API server's answer to the identity that asked."""
    AUDIT = "audit"
    """The API server's audit log: who was refused what, and that nobody wrote the harm."""
    ABSENCE = "absence"
    """The harm is not there, over a hold window."""
    ACCESS_LOG = "access-log"
    """What the git, chart and artifact servers were asked for."""
    CONTROLLER_LOG = "controller-log"
    EVENT = "event"
    """A Kubernetes Event, or what a notification's receiver got."""
    TRAFFIC = "traffic"
    """What a Pod of the check saw when it opened a connection."""
    COMPUTED = "computed"
    """What the live NetworkPolicies say of that connection, by an independent implementation of their semantics."""


class Verdict(StrEnum):
    """What the run says of the subject."""

    CONFORMANT = "conformant"
    NON_CONFORMANT = "non-conformant"
    INCONCLUSIVE = "inconclusive"


class ExitCode(StrEnum):
    """Names of the exit codes; see `EXIT_CODES`."""

    CONFORMANT = "conformant"
    NON_CONFORMANT = "non-conformant"
    NOTHING_COLLECTED = "nothing collected"
    INCONCLUSIVE = "inconclusive"


EXIT_CODES: Mapping[ExitCode, int] = {
    ExitCode.CONFORMANT: 0,
    ExitCode.NON_CONFORMANT: 1,
    ExitCode.NOTHING_COLLECTED: 5,
    ExitCode.INCONCLUSIVE: 10,
}


class Profile(StrEnum):
    """A named set of levels that the verdict judges."""

    CORE = "core"
    HARDENED = "hardened"

    @property
    def levels(self) -> frozenset[Level]:
        """The levels whose failures make the subject non-conformant."""
        if self is Profile.CORE:
            return frozenset({Level.CORE})
        return frozenset({Level.CORE, Level.HARDENED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One isolation statement with an id of the catalogue."""

    id: str
    statement: str
    why: str
    level: Level
    control: Control
    kills: Sequence[str]
    spec: str
    source: str
    environments: frozenset[Environment]
    signal: str = ""
    """What shows that the property holds, in the words of the API server or the controller."""
    needs: frozenset[Capability] = frozenset()
    long: bool = False
    """Takes longest by what it waits for: it is begun before all others."""
    exclusive: bool = False
    """Changes platform state that others read: runs alone, after all others."""
    exclusive_with: Capability | None = None
    """Does so only on a platform that has this."""
    unmutable: str = ""
    """Why no mutant can kill it; only for level provisional."""

    @property
    def area(self) -> str:
        """The catalogue's section: the letter of the id."""
        return self.id[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One file of evidence, relative to the run's folder."""

    path: str
    sha256: str
    kind: str
    """conditions, answer, audit, access-log, controller-log, object …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one check (and parameter) in one environment."""

    id: str
    statement: str
    level: Level
    environment: Environment
    outcome: Outcome
    duration_s: float
    control: str
    parameter: str = ""
    """The kind or variant of a parametrised check; empty otherwise."""
    message: str = ""
    wanted: str = ""
    observed: str = ""
    control_state: str = ""
    rerun: str = ""
    layer: str = ""
    """For `error`: the layer that broke."""
    source: str = ""
    spec: str = ""
    evidence: Sequence[Evidence] = ()
    denial: bool = False
    """Whether something was refused, or harm stayed absent: a property that planes can show."""
    planes: Sequence[str] = ()
    """The planes that showed it, each once; see `Plane`."""
    fidelity: Fidelity = Fidelity.REAL
    cells: Sequence[Cell] = ()
    """The connections that a check of the network judged."""

    @property
    def key(self) -> str:
        """`F01` or `C03[ClusterRole]`: unique within an environment."""
        return f"{self.id}[{self.parameter}]" if self.parameter else self.id


class Kill(StrEnum):
    """What a check said of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    ERROR = "error"
    """The check broke down: neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantResult:
    """One mutant on one platform: which checks killed it, and whether all was green again."""

    id: str
    description: str
    environment: Environment
    duration_s: float
    kills: Mapping[str, Kill]
    """Key of a check (`Result.key`) -> what it said under the mutant."""
    green_again: bool
    message: str = ""
    bystanders: Mapping[str, Kill] = field(default_factory=dict)
    """Key of a check that does not claim the mutant -> what it said under it; KILLED is a false kill."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Where its time went: seconds until it was in force, judged, cleared and undone."""

    @property
    def killed(self) -> bool:
        """Every check that claims this mutant killed it, and the revert was clean."""
        return bool(self.kills) and self.green_again and all(k is Kill.KILLED for k in self.kills.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One check in one environment, judged in several rounds on the same platform."""

    key: str
    environment: Environment
    rounds: int
    failed: int
    errors: int
    upper_bound: float
    """Rate of rounds that do not pass, from 0 to 1, that is not exceeded with 95 % confidence."""

    @property
    def flips(self) -> bool:
        """Whether it said one thing in one round and another in the next."""
        counts = (self.failed, self.errors, self.rounds - self.failed - self.errors)
        return sum(count > 0 for count in counts) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryOrigin:
    """Where a binary came from, from `go version -m`; or an image, whose repository, tag and digest these are."""

    tool: str
    module: str
    version: str
    go_version: str
    go_sum_sha256: str
    binary_sha256: str
    source: str
    """folder, cache, build or image."""
    substituted: Sequence[str] = ()
    """Modules that stand in for ones that are not served; not empty = provisional verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase of a run and its length in seconds."""

    name: str
    environment: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that a report is built from."""

    run_id: str
    started: str
    """RFC 3339, UTC."""
    profile: Profile
    flux_version: str
    provider: str
    bootstrap: str
    kubernetes_version: str
    environments: Sequence[Environment]
    fleet: str
    fleet_commits: Mapping[str, str]
    """environment -> commit of the pushed fleet repository."""
    address_map: Mapping[str, str]
    """address in the repositories -> address of the local server."""
    argument_changes: Sequence[str]
    """What differs between a Pod's arguments and the host process's."""
    lockdown: Mapping[str, Mapping[str, str]]
    """environment -> control -> live state, read back."""
    binaries: Sequence[BinaryOrigin]
    phases: Sequence[Phase]
    results: Sequence[Result]
    mode: Mode | None = None
    """Of an existing cluster; None: the platforms were the run's own, and attacked."""
    sync: Sync = Sync.GIT
    onboarding: Onboarding = Onboarding.BASE
    mutants: Sequence[MutantResult] = ()
    tallies: Sequence[Tally] = ()
    """Empty unless the checks were repeated."""
    expected_keys: frozenset[str] = frozenset()
    """`environment/key` of every check that was collected: what is missing was not judged."""
    catalog: frozenset[str] = frozenset()
    """`environment/id` of every check of the catalog for these environments, selected or not."""
    lockdown_arguments: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]] = field(default_factory=dict)
    """environment -> route -> controller -> flag -> value: live of the run's route, as published of the other."""
    lockdown_wanted: Mapping[str, str] = field(default_factory=dict)
    """control -> what a platform team must set, and where."""
    explanations: Mapping[str, Sequence[Part]] = field(default_factory=dict)
    """id of a check -> what it is for, and how to mend what it finds."""
    folders_sha256: Mapping[str, str] = field(default_factory=dict)
    """`fleet`, `tenant` -> SHA-256 over the names and contents of that folder, as given; empty: not recorded."""
    beyond: Mapping[str, str] = field(default_factory=dict)
    """id of a check that the provider cannot show by its nature -> what it needs."""
    new_surface: Sequence[str] = ()
    """What an existing cluster's Flux has that touches isolation, and that no check and no waiver knows."""
    breakdowns: Sequence[str] = ()
    notes: Sequence[str] = field(default=())
    stand_ins: Sequence[str] = ()
    """Controllers that ran in another version than their Deployments named; not empty = provisional verdict."""
    upgrades: Sequence[UpgradeRecord] = ()
    """One for each environment, where upgrades were asked for."""
