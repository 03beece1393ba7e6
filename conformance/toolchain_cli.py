"""`flux-tenancy toolchain`: build, run, list, verify and clean the binaries that the suite runs.

Errors of the suite pass through: the command that mounts this app prints them.
"""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from conformance import settings
from conformance.errors import InputError, ToolchainError
from conformance.foreground import run_in_foreground
from conformance.options import PROVIDERS
from conformance.signals import ended_as_by_ctrl_c
from conformance.toolchain import (
    CachedTool,
    Toolchain,
    cache_key,
    cached_tools,
    clean,
    pair_of,
    releases,
    upgrades_since,
    verify,
)
from conformance.toolchain.recipes import Recipes, load

MIB = 1024**2
KIND = "kind"
"""The provider on which controllers are images."""
app = typer.Typer(help="The binaries that the suite runs: built from their Go modules, once.", no_args_is_help=True)


@app.command("build")
def build_tools(
    tools: Annotated[list[str] | None, typer.Argument(help="Only these tools; all of the release when empty.")] = None,
    *,
    flux_version: Annotated[str, typer.Option(help="The Flux release.")] = settings.Settings().flux_version,
    folder: Annotated[Path | None, typer.Option("--flux-toolchain", help="Folder of binaries to prefer.")] = None,
    variants: Annotated[bool, typer.Option(help="Also the mutated controllers that the mutants need.")] = False,
    further: Annotated[str, typer.Option("--set", help="The tools of a further set, such as lab, instead.")] = "",
    frugal: Annotated[
        bool, typer.Option("--frugal", help="Drop Go's caches after each build: less disk, more time.")
    ] = False,
) -> None:
    """Find or build the tools; an interrupted build resumes."""
    recipes = load(flux_version, settings.data_dir("toolchain"))
    of_set = recipes.tools_of_set(further) if further else recipes.in_order(variants=variants)
    wanted = tools or of_set
    # By SIGTERM too: a build that nobody waits for would go on, while its caches are taken away.
    with ended_as_by_ctrl_c():
        for group in _by_folder(recipes, wanted) if frugal else [wanted]:
            with Toolchain(
                flux_version, folder, settings.cache_dir(), typer.echo
            ) as toolchain:  # drops caches at its end
                toolchain.require(group)
                for tool in group:
                    typer.echo(f"{tool:32} {toolchain.path(tool)}")


def _by_folder(recipes: Recipes, tools: Sequence[str]) -> list[list[str]]:
    """Return the tools in groups that share a go.mod, and so what is compiled: a controller and its variants."""
    groups: dict[Path, list[str]] = {}
    for tool in tools:
        groups.setdefault(recipes.build_of(tool).folder, []).append(tool)
    return list(groups.values())


@app.command("list")
def list_tools() -> None:
    """List the binaries of the cache and where each came from."""
    found = cached_tools(settings.cache_dir())
    for tool in found:
        typer.echo(_line(tool))
        for stand_in in tool.origin.substituted:
            typer.echo(f"    substituted: {stand_in}")
    typer.echo(f"{len(found)} tools, {sum(t.size_bytes for t in found) // MIB} MiB in {settings.cache_dir()}")


@app.command("verify")
def verify_tools() -> None:
    """Hash every binary anew, and read its modules anew; fails when one differs from its record."""
    broken = 0
    for tool in verify(settings.cache_dir()):
        typer.echo(f"{_line(tool)}  {tool.problem or 'ok'}")
        broken += bool(tool.problem)
    if broken:
        raise ToolchainError(f"{broken} cached tools differ from their record", hint="flux-tenancy toolchain clean")


@app.command("clean")
def clean_tools(
    *, keep_binaries: Annotated[bool, typer.Option(help="Only remove what builds left behind.")] = False
) -> None:
    """Empty the cache."""
    freed = clean(settings.cache_dir(), typer.echo, keep_binaries=keep_binaries)
    typer.echo(f"{freed // MIB} MiB released in {settings.cache_dir()}")


@app.command("run", context_settings={"ignore_unknown_options": True})
def run_tool(
    tool: Annotated[str, typer.Argument(help="A tool, such as kubectl.")],
    words: Annotated[list[str] | None, typer.Argument(help="Its arguments; after -- where they are options.")] = None,
    *,
    flux_version: Annotated[str, typer.Option(help="The Flux release.")] = settings.Settings().flux_version,
) -> None:
    """Run a tool, built if it is not there; ends with its exit code."""
    with Toolchain(flux_version, None, settings.cache_dir(), functools.partial(typer.echo, err=True)) as toolchain:
        toolchain.require([tool])
        binary = toolchain.path(tool)
    raise typer.Exit(run_in_foreground([binary, *(words or [])]))


@app.command("key")
def print_key(
    flux_version: Annotated[str, typer.Option(help="The Flux release.")] = settings.Settings().flux_version,
) -> None:
    """Print what the cache of a release's binaries is to be named by: it changes when one of them would."""
    typer.echo(cache_key(flux_version, settings.cache_dir()))


@app.command("releases")
def list_releases(
    flux_version: Annotated[str, typer.Option(help="Only this release.")] = "",
    *,
    provider: Annotated[str, typer.Option("--provider", help="Of their certification: embedded, kind.")] = PROVIDERS[0],
    newest: Annotated[bool, typer.Option("--newest", help="Only the newest Kubernetes of each release.")] = False,
    matrix: Annotated[bool, typer.Option("--json", help="As JSON, for a job's matrix: what can be certified.")] = False,
) -> None:
    """List the Flux releases, and the Kubernetes minors that each is certified on."""
    if provider not in PROVIDERS:
        raise InputError(f"--provider '{provider}' is unknown", hint=f"known: {', '.join(PROVIDERS)}")
    found = releases(settings.data_dir("toolchain"), flux_version, images=provider == KIND)
    if matrix:
        pairs = [
            {"flux": release.version, "kubernetes": kubernetes}
            for release in found
            if not release.missing
            for kubernetes in release.kubernetes[: 1 if newest else None]
        ]
        typer.echo(json.dumps(pairs))
        return
    for release in found:
        typer.echo(f"{release.version:10} Kubernetes {', '.join(release.kubernetes)}")
        if release.missing:
            typer.echo(f"    cannot be certified: no module serves {', '.join(release.missing)}")
        if release.substituted:
            typer.echo(f"    provisional: a module is substituted in {', '.join(release.substituted)}")


@app.command("upgrades")
def list_upgrades(
    source: Annotated[str, typer.Option("--from", help="Flux release to begin with; default: the last before.")] = "",
    target: Annotated[str, typer.Option("--to", help="Flux release to upgrade to; default: the newest.")] = "",
    since: Annotated[
        Path | None, typer.Option(help="An earlier flux-releases.yaml: the upgrades to what it lacks, instead.")
    ] = None,
) -> None:
    """Print as JSON, for a job's matrix, which upgrades `certify` is to answer: from and to of each."""
    data = settings.data_dir("toolchain")
    if since is not None:
        if source or target:
            raise InputError(
                "--since and --from, --to exclude each other", hint="name two releases, or an earlier file"
            )
        pairs, lonely = upgrades_since(data, since)
        for version in lonely:
            typer.echo(f"Flux {version} is new, and no release before it can be certified: no upgrade", err=True)
    else:
        pairs = [_known_pair(data, source, target)]
    typer.echo(json.dumps([{"from": one, "to": other} for one, other in pairs]))


def _known_pair(data: Path, source: str, target: str) -> tuple[str, str]:
    known = [release.version for release in releases(data)]
    if unknown := [version for version in (source, target) if version and version not in known]:
        raise InputError(f"unknown Flux version '{unknown[0]}'", hint=f"known versions: {', '.join(known)}")
    pair = pair_of(data, source, target)
    if pair[0] == pair[1]:
        raise InputError(f"--from and --to are both {pair[0]}", hint="name two releases")
    return pair


def _line(tool: CachedTool) -> str:
    origin = tool.origin
    return f"{origin.tool:32} {origin.version:20} {origin.go_version:10} {origin.binary_sha256[:12]} {origin.module}"
