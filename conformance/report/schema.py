"""The report document, `report.yaml`: its models, and the JSON Schema that is generated from them."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from conformance.model import (
    Environment,
    Fidelity,
    Form,
    Kill,
    Level,
    Mode,
    Onboarding,
    Outcome,
    Plane,
    Profile,
    Reach,
    Seen,
    Sync,
    Verdict,
)
from conformance.report.base import Document
from conformance.report.upgrade_schema import UpgradeRow

API_VERSION: Literal["conformance.fluxtenancy.dev/v1alpha1"] = "conformance.fluxtenancy.dev/v1alpha1"
KIND: Literal["ConformanceReport"] = "ConformanceReport"
_MODES = "audit: an existing cluster was read; probe: dry-runs were tried too; null: the run's own was attacked"
SCHEMA_FILE = Path(__file__).with_name("report.schema.json")


class RunBlock(Document):
    """Which run this is."""

    id: str
    started: str = Field(description="RFC 3339, UTC")


class Judgement(Document):
    """Why the verdict is what it is."""

    exit_code: int = Field(description="0 conformant, 1 non-conformant, 5 nothing collected, 10 inconclusive")
    reasons: tuple[str, ...] = Field(description="what failed, then what could not be judged; empty if conformant")
    provisional: bool = Field(description="the verdict holds with the reservations of provisionalReasons")
    provisional_reasons: tuple[str, ...] = ()


class Controller(Document):
    """A controller of the release under certification, as it ran."""

    name: str
    module: str
    version: str
    binary_sha256: str


class Subject(Document):
    """What was certified: a Flux release and a fleet."""

    flux_version: str
    controllers: tuple[Controller, ...]
    fleet: str
    fleet_commits: dict[str, str] = Field(description="environment to commit of the pushed fleet repository")
    folders_sha256: dict[str, str] = Field(
        default_factory=dict, description="fleet, tenant to SHA-256 over the names and contents of the folder, as given"
    )


class EnvironmentBlock(Document):
    """What it was certified on."""

    provider: str
    bootstrap: str
    mode: Mode | None = Field(None, description=_MODES)
    sync: Sync = Field(Sync.GIT, description="where the clusters took the fleet from")
    onboarding: Onboarding = Field(Onboarding.BASE, description="how the tenants of the checks were brought in")
    kubernetes: str
    environments: tuple[Environment, ...]


class Suite(Document):
    """Which suite certified it, and how much of its catalog ran."""

    version: str
    catalog_size: int = Field(description="checks of the catalog for these environments; 0: not recorded")
    selected: int = Field(description="checks that were selected to run")
    not_selected: tuple[str, ...] = Field((), description="environment/id of checks that were left out")


class ProfileBlock(Document):
    """The levels that the verdict judges."""

    name: Profile
    judged_levels: tuple[Level, ...]


class ControlRow(Document):
    """One control in one environment."""

    control: str
    wanted: str
    live: str = Field(description="read back from the cluster, not from the fleet's files")


class EvidenceFile(Document):
    """One file of evidence; the path is relative to the report."""

    path: str
    sha256: str
    kind: str


class CellRow(Document):
    """One connection that a check of the network judged."""

    source: str = Field(description="namespace and Pod")
    target: str = Field(description="namespace and Pod or Service, or an address outside of the cluster")
    port: int
    protocol: str
    expected: Reach
    observed: Seen = Field(description="what the Pod saw; empty: no packet was sent")
    computed: Reach = Field(description="what the live NetworkPolicies say")
    decided_by: str = Field(description="the NetworkPolicies that select either end")
    twin: bool = Field(description="a precondition: the allowed connection beside a denied one")
    answered: bool = Field(description="somebody listens there; if not, only the policies are judged")


class ResultRow(Document):
    """What was seen of one check (and parameter) in one environment."""

    id: str
    key: str = Field(description="id, with the parameter in brackets if there is one; unique in an environment")
    parameter: str = ""
    statement: str
    level: Level
    judged: bool = Field(description="whether the verdict depends on it: its level is one of the profile's")
    environment: Environment
    result: Outcome
    reading: str = Field(description="what the result means, in words")
    duration: float = Field(description="seconds")
    control: str
    control_state: str = Field("", description="the control's live state when the check did not pass")
    wanted: str = ""
    observed: str = ""
    message: str = ""
    layer: str = Field("", description="for an error: the part of the suite or the machine that broke")
    evidence: tuple[EvidenceFile, ...] = ()
    rerun: str = ""
    spec: str = ""
    source: str = ""
    denial: bool = Field(False, description="something was refused, or harm stayed absent: what planes can show")
    planes: tuple[Plane, ...] = Field((), description="where the denial was seen; planes are independent of each other")
    fidelity: Fidelity = Field(Fidelity.REAL, description="simulated: computed from the policies, nothing was sent")
    cells: tuple[CellRow, ...] = Field((), description="the connections that a check of the network judged")


class PartRow(Document):
    """One labelled part of the explanation of a check."""

    name: str
    text: str
    form: Form = Form.TEXT


class MutantRow(Document):
    """One row of the kill matrix: a platform with one control removed, and what the checks said of it."""

    id: str
    description: str
    environment: Environment
    result: Kill
    duration: float = Field(description="seconds")
    kills: dict[str, Kill] = Field(description="key of a check to what it said under the mutant")
    bystanders: dict[str, Kill] = Field(
        default_factory=dict,
        description="key of a check that does not claim the mutant to what it said: survived is right, killed is false",
    )
    green_again: bool = Field(description="the control was put back and the checks passed again")
    message: str = ""


class TallyRow(Document):
    """One check in one environment, judged in several rounds; the worst round is its result."""

    key: str
    environment: Environment
    rounds: int
    failed: int
    errors: int
    upper_bound: float = Field(description="failure rate, from 0 to 1, that is not exceeded with 95 % confidence")
    flips: bool = Field(description="it did not say the same in every round")


class ArgumentRow(Document):
    """One lockdown argument of one controller: live by the route of the run, as published by the other."""

    controller: str
    flag: str
    values: dict[str, str] = Field(description="bootstrap route to the value; 'absent' where it has none")
    alike: bool


class Binary(Document):
    """Where a binary of the run came from, as `go version -m` tells."""

    tool: str
    module: str
    version: str
    go_version: str
    go_sum_sha256: str
    binary_sha256: str
    source: str
    substituted: tuple[str, ...] = ()


class PhaseRow(Document):
    """One phase of the run."""

    name: str
    environment: str
    seconds: float


class Counts(Document):
    """Numbers of results by outcome."""

    total: int = 0
    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0
    unsupported: int = 0


class MutantCounts(Document):
    """Numbers of mutants by result."""

    total: int = 0
    killed: int = 0
    survived: int = 0
    error: int = 0
    score: float | None = Field(None, description="share of mutants that were killed; null: none ran")
    bystanders: int = Field(0, description="times that a check ran under a mutant that it does not claim")
    stayed_green: int = 0
    precision: float | None = Field(None, description="share of bystanders that stayed green; null: none ran")


class Denials(Document):
    """On how many planes the denials were seen, of those checks that passed."""

    total: int = 0
    on_two: int = Field(0, description="seen on two planes or more")
    on_three: int = Field(0, description="seen on three planes or more")


class SlowRow(Document):
    """One of the slowest checks."""

    key: str
    environment: Environment
    seconds: float


class Summary(Document):
    """The report in numbers."""

    judged: Counts
    unjudged: Counts = Field(description="documented limits, and levels outside the profile")
    by_environment: dict[str, Counts]
    mutants: MutantCounts
    denials: Denials = Denials(on_two=0, on_three=0)
    slowest: tuple[SlowRow, ...] = Field((), description="the ten checks that took longest")
    missing: tuple[str, ...] = Field((), description="environment/key of checks that were collected and gave no result")
    limits_open: tuple[str, ...] = Field((), description="documented limits that are still there")
    limits_closed: tuple[str, ...] = Field((), description="documented limits that are gone: review their rows")


class ConformanceReport(Document):
    """The result of one run of flux-tenancy-conformance."""

    api_version: Literal["conformance.fluxtenancy.dev/v1alpha1"] = API_VERSION
    kind: Literal["ConformanceReport"] = KIND
    verdict: Verdict
    judgement: Judgement
    run: RunBlock
    subject: Subject
    environment: EnvironmentBlock
    suite: Suite
    profile: ProfileBlock
    summary: Summary
    results: tuple[ResultRow, ...]
    explanations: dict[str, tuple[PartRow, ...]] = Field(
        default_factory=dict, description="id of a check to what it is for, and how to mend what it finds"
    )
    mutants: tuple[MutantRow, ...] = ()
    tallies: tuple[TallyRow, ...] = Field((), description="empty unless the checks were repeated")
    upgrades: tuple[UpgradeRow, ...] = Field((), description="empty unless the platform was upgraded, under attack")
    lockdown: dict[str, tuple[ControlRow, ...]] = Field(description="environment to its controls")
    lockdown_arguments: dict[str, tuple[ArgumentRow, ...]] = Field(
        default_factory=dict, description="environment to its controllers' lockdown arguments, on both bootstrap routes"
    )
    binaries: tuple[Binary, ...] = ()
    phases: tuple[PhaseRow, ...] = ()
    address_map: dict[str, str] = Field(description="address in the repositories to address of the local server")
    argument_changes: tuple[str, ...] = Field(description="what differs between a Pod's arguments and the process's")
    beyond: dict[str, str] = Field(
        default_factory=dict, description="id of a check that the provider cannot show by its nature, to what it needs"
    )
    new_surface: tuple[str, ...] = Field(
        (), description="what an existing cluster's Flux has that touches isolation, and that nobody looks at"
    )
    breakdowns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


if __name__ == "__main__":  # python -m conformance.report.schema: after a change of the models
    SCHEMA_FILE.write_text(ConformanceReport.schema_text(), encoding="utf-8")
