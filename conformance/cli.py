"""The console script: thin; `run` and `mutants` build pytest's arguments, the rest reads data."""

import json
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import pytest
import typer
from rich.console import Console
from rich.table import Table

from conformance import catalog, catalog_page, explaining
from conformance.bootstrap.mutants import MUTANTS
from conformance.certificate_cli import certificate_attestation, certificate_key, certificates, check
from conformance.certificate_cli import certify as certify_upgrade
from conformance.columns import certify, columns_of, last, report_folder, without
from conformance.doctor import examine, show
from conformance.doctor_kind import examine_kind
from conformance.errors import ConformanceError, InputError
from conformance.fixtures import explain as explain_error
from conformance.github_cli import tell_folder, tell_report
from conformance.model import EXIT_CODES, Environment, ExitCode, Route
from conformance.options import argv_of
from conformance.parity_cli import parity
from conformance.providers.protocol import EXISTING
from conformance.report import combined_page, kill_matrix, terminal
from conformance.report.combined_schema import CombinedReport
from conformance.report.write import AnyReport, load_any, load_report, write_file, write_report
from conformance.settings import PACKAGE_DIR
from conformance.signals import discard_output, forgive_closed_output
from conformance.surface_cli import surface
from conformance.toolchain_cli import app as toolchain_app

app = typer.Typer(
    name="flux-tenancy",
    help="Prove or break tenant isolation of Flux CD, on a real control plane.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(toolchain_app, name="toolchain", help="Find, build and check the pinned binaries.")
app.command()(parity)
app.command("certify")(certify_upgrade)
app.command("verify")(check)
app.command("certificate-key")(certificate_key)
app.command("certificate-attestation")(certificate_attestation)
app.command("certificates")(certificates)
app.command()(surface)
_USAGE = 4
_PIPE_WIDTH = 250
T = TypeVar("T")


class Where(StrEnum):
    """Which environments to run."""

    STAGING = "staging"
    PRODUCTION = "production"
    ALL = "all"


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


EnvironmentOption = Annotated[Where, typer.Option("--environment", "-e", help="Environment of the fleet.")]
VersionOption = Annotated[str, typer.Option("--version", help="Flux release to certify.")]
ProfileOption = Annotated[str, typer.Option("--profile", help="Levels to judge: core, hardened.")]
FolderOption = Annotated[Path | None, typer.Option(help="A folder.")]
RepeatOption = Annotated[
    int, typer.Option("--repeat", min=1, help="Rounds of the same checks; reports each one's failure rate.")
]
ProviderOption = Annotated[
    str,
    typer.Option(
        "--provider", "--flux-provider", help="Where clusters come from: embedded, kind, embedded,kind or existing."
    ),
]
BootstrapOption = Annotated[
    str,
    typer.Option("--bootstrap", "--flux-bootstrap", help="How Flux gets onto them: cli, operator or cli,operator."),
]
OneProviderOption = Annotated[str, typer.Option("--provider", help="Where the platforms come from: embedded, kind.")]
RouteOption = Annotated[str, typer.Option("--bootstrap", help="How Flux gets onto the platforms: cli, operator.")]
ContextOption = Annotated[
    str, typer.Option("--context", "--flux-context", help="The existing cluster, by its context; always named.")
]
KubeconfigOption = Annotated[
    Path | None, typer.Option("--kubeconfig", help="A file, only read; default: KUBECONFIG, else ~/.kube/config.")
]
ModeOption = Annotated[
    str, typer.Option("--mode", "--flux-mode", help="Of an existing cluster: audit only reads, probe tries dry-runs.")
]
KubernetesOption = Annotated[str, typer.Option("--kubernetes", help="Kubernetes of Kind's node, such as 1.36.")]
SyncOption = Annotated[str, typer.Option("--sync", help="Where the cluster takes the fleet from: git, oci.")]
ChartOption = Annotated[
    str, typer.Option("--operator-chart", help="Helm chart of the Flux Operator, oci:// without a version.")
]
StandInOption = Annotated[
    str, typer.Option("--stand-in", help="Flux release whose controllers run for those that are not to be had.")
]
OnboardingOption = Annotated[
    str, typer.Option("--onboarding", help="How tenants of checks are brought in: base, command, resourceset.")
]
ReuseOption = Annotated[str, typer.Option("--reuse", help="A Kind cluster that --keep kept, by name.")]
KeepOption = Annotated[
    bool, typer.Option("--keep", "--flux-keep", help="Hold the platform until Ctrl-C; a Kind cluster stays.")
]
SelectOption = Annotated[str, typer.Option("-k", help="Only checks that match, as pytest's -k.")]
FolderOutput = Annotated[
    bool, typer.Option("--github", help="Tell GitHub Actions the report's folder, by the output `report`.")
]
PytestArguments = Annotated[list[str] | None, typer.Argument(help="Further arguments for pytest, after --.")]


@app.command()
def run(
    environment: EnvironmentOption = Where.STAGING,
    provider: ProviderOption = "",
    bootstrap: BootstrapOption = "",
    context: ContextOption = "",
    kubeconfig: KubeconfigOption = None,
    mode: ModeOption = "",
    kubernetes: KubernetesOption = "",
    reuse: ReuseOption = "",
    sync: SyncOption = "",
    onboarding: OnboardingOption = "",
    operator_chart: ChartOption = "",
    version: VersionOption = "",
    stand_in: StandInOption = "",
    profile: ProfileOption = "",
    fleet: FolderOption = None,
    tenant: FolderOption = None,
    toolchain: FolderOption = None,
    report: FolderOption = None,
    k: SelectOption = "",
    keep: KeepOption = False,
    repeat: RepeatOption = 1,
    on_github: FolderOutput = False,
    pytest_args: PytestArguments = None,
) -> None:
    """Certify: bring a platform up, attack it as a tenant would, print the verdict.

    Several providers or bootstrap routes, with commas between, are certified each, and compared.
    """
    words = _common(version, profile, fleet, tenant, toolchain, report) + argv_of({"--flux-keep": keep})
    words += argv_of({"--flux-repeat": str(repeat) if repeat > 1 else "", "--flux-reuse": reuse})
    words += argv_of({"--flux-provider": provider, "--flux-bootstrap": bootstrap, "--flux-onboarding": onboarding})
    words += argv_of({"--flux-kubernetes-version": kubernetes, "--flux-sync": sync})
    words += argv_of({"--flux-operator-chart": operator_chart, "--flux-stand-in": stand_in})
    words += argv_of({"--flux-context": context, "--flux-kubeconfig": kubeconfig, "--flux-mode": mode})
    words += pytest_args or []
    columns = columns_of(words)
    words += tell_folder(columns, words) if on_github else []
    if len(columns) > 1:
        raise typer.Exit(_several(environment, k, words))
    _pytest(environment, k, words)


@app.command()
def mutants(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of mutants; none means all.")] = None,
    environment: EnvironmentOption = Where.STAGING,
    provider: OneProviderOption = "",
    bootstrap: RouteOption = "",
    version: VersionOption = "",
    toolchain: FolderOption = None,
    report: FolderOption = None,
    show: Annotated[bool, typer.Option("--list", help="Print the mutants and their killers.")] = False,
) -> None:
    """Kill mutants: remove one control at a time, and see the checks turn red."""
    if show:
        killers = _guarded(catalog.listed)
        for mutant in MUTANTS.values():
            names = ", ".join(e.check.id for e in killers if mutant.id in e.check.kills)
            typer.echo(f"{mutant.id:28} {mutant.description} ({names})")
        return
    words = _common(version, "", None, None, toolchain, report)
    words += argv_of({"--flux-provider": provider, "--flux-bootstrap": bootstrap})
    _pytest(environment, "", [*words, f"--flux-mutants={','.join(ids or ['all'])}"])


@app.command()
def upgrade(
    target: Annotated[str, typer.Option("--to", help="Flux release to upgrade to.")],
    source: Annotated[str, typer.Option("--from", help="Flux release to begin with.")] = "",
    back: Annotated[
        bool, typer.Option("--and-back", help="Go back to the first release afterwards, attacked as well.")
    ] = False,
    bootstrap: RouteOption = Route.OPERATOR,
    environment: EnvironmentOption = Where.STAGING,
    profile: ProfileOption = "",
    fleet: FolderOption = None,
    tenant: FolderOption = None,
    report: FolderOption = None,
    k: SelectOption = "",
    keep: KeepOption = False,
    pytest_args: PytestArguments = None,
) -> None:
    """Upgrade a running platform by a commit while tenants attack it; certify it before and after."""
    words = _common(source, profile, fleet, tenant, None, report)
    words += argv_of({"--flux-bootstrap": bootstrap, "--flux-upgrade-to": target, "--flux-upgrade-and-back": back})
    words += argv_of({"--flux-keep": keep})
    _pytest(environment, k, [*words, *(pytest_args or [])])


@app.command("list")
def list_checks(
    area: Annotated[str, typer.Option(help="A letter of the catalogue.")] = "",
    form: Annotated[Format, typer.Option("--format", help="table, json or markdown.")] = Format.TABLE,
) -> None:
    """Print the catalog of checks."""
    entries = _guarded(lambda: catalog.listed(area))
    if form is Format.MARKDOWN:
        typer.echo(_guarded(lambda: catalog_page.markdown(area)), nl=False)
    elif form is Format.JSON:
        rows = [{"id": e.check.id, "level": e.check.level, "statement": e.check.statement} for e in entries]
        typer.echo(json.dumps(rows, indent=2))
    else:
        table = Table("id", "level", "control", "statement", box=None)
        for entry in entries:
            table.add_row(entry.check.id, entry.check.level, entry.check.control, entry.check.statement)
        # In a pipe there is no width to keep to: one line for each check, for grep.
        Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


@app.command()
def explain(check_id: str) -> None:
    """Print one check: statement, control, what to write into the fleet, signal, mutants, source and YAML."""
    typer.echo(_guarded(lambda: explaining.about(check_id)))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A run's folder, or its report.yaml.")],
    on_github: Annotated[
        bool, typer.Option("--github", help="Step summary, annotations and output for GitHub Actions.")
    ] = False,
    artifact: Annotated[str, typer.Option(help="Address of the uploaded report, for the step summary.")] = "",
    matrix: Annotated[
        Path | None, typer.Option("--kill-matrix", help="Write the kill matrix in Markdown to this file, nothing else.")
    ] = None,
) -> None:
    """Render a report anew from its report.yaml, and print its summary."""
    path = folder / "report.yaml" if folder.is_dir() else folder
    if matrix is not None:
        _guarded(lambda: write_file(matrix, kill_matrix.markdown(load_report(path)).encode()))
        return
    known = _guarded(lambda: load_any(path))
    _guarded(lambda: write_report(path.parent, known))
    if on_github:
        _guarded(lambda: tell_report(known, artifact))
    else:
        typer.echo(_summary(known, path.parent))
    raise typer.Exit(known.judgement.exit_code)


def _summary(known: AnyReport, folder: Path) -> str:
    if isinstance(known, CombinedReport):
        return combined_page.summary(known, folder=str(folder))
    return terminal.summary(known, folder=str(folder))


@app.command()
def doctor() -> None:
    """Look at this machine: what a run needs, and whether it is there."""
    good = [show(finding) for finding in examine()]
    typer.echo("\nFor --flux-provider kind alone; the exit code does not count it:")
    for finding in examine_kind():
        show(finding)
    raise typer.Exit(0 if all(good) else EXIT_CODES[ExitCode.INCONCLUSIVE])


def _common(
    version: str, profile: str, fleet: Path | None, tenant: Path | None, toolchain: Path | None, report: Path | None
) -> list[str]:
    return argv_of(
        {
            "--flux-version": version,
            "--flux-profile": profile,
            "--flux-fleet": fleet,
            "--flux-tenant": tenant,
            "--flux-toolchain": toolchain,
            "--flux-report": report,
        }
    )


def _several(environment: Where, select: str, words: Sequence[str]) -> int:
    """Certify each of several platforms, print what they say together, and return the exit code."""
    columns = columns_of(words)
    folder = report_folder(last(words, "--flux-report"), columns)
    selected = [f"--environment={environment}", *(["-k", select] if select else []), "--"]
    ended = certify(columns, [*selected, *without(words, "--flux-report")], folder, typer.echo)
    if ended.report is not None:
        typer.echo(f"\ncombined\n\n{_summary(ended.report, folder)}", nl=False)
    return ended.code


def _pytest(environment: Where, select: str, words: Sequence[str]) -> None:
    chosen = " or ".join(Environment) if environment is Where.ALL else str(environment)
    # -p: PYTEST_DISABLE_PLUGIN_AUTOLOAD must not take the plugin away.
    argv = [f"--rootdir={PACKAGE_DIR}", "-c", str(PACKAGE_DIR / "pytest.ini"), "-p", "flux-tenancy"]
    argv += ["-m", chosen, *words, *(["-k", select] if select else [])]
    code = int(pytest.main([*argv, str(PACKAGE_DIR / "checks"), str(PACKAGE_DIR / "mutation")]))
    if code == EXIT_CODES[ExitCode.NOTHING_COLLECTED]:
        hint = "`flux-tenancy list` prints them all; see -k and --environment"
        if last(words, "--flux-provider") == EXISTING:
            hint += "; of an existing cluster only those are judged that do nothing but read"
        nothing = InputError("no check was collected", hint=hint)
        typer.echo(explain_error(nothing), err=True)
    raise typer.Exit(code)


def _guarded(call: Callable[[], T]) -> T:
    try:
        return call()
    except ConformanceError as error:
        typer.echo(explain_error(error), err=True)
        raise typer.Exit(_code_of(error)) from error


def _code_of(error: ConformanceError) -> int:
    return _USAGE if isinstance(error, InputError) else EXIT_CODES[ExitCode.INCONCLUSIVE]


def main() -> None:
    """Entry point of the console script."""
    forgive_closed_output()
    try:
        app()
    except ConformanceError as error:
        sys.stderr.write(f"{explain_error(error)}\n")
        sys.exit(_code_of(error))
    except OSError as error:  # a full disk, also where the output goes: exit code 1 would be read as a finding
        discard_output()
        sys.stderr.write(f"{explain_error(error)}\n")
        sys.exit(EXIT_CODES[ExitCode.INCONCLUSIVE])
