"""`flux-tenancy toolchain`: build, list, verify and clean the binaries that the suite runs.

Errors of the suite pass through: the command that mounts this app prints them.
"""

from pathlib import Path
from typing import Annotated

import typer

from conformance import settings
from conformance.errors import ToolchainError
from conformance.toolchain import CachedTool, Toolchain, cached_tools, clean, verify

MIB = 1024**2
app = typer.Typer(help="The binaries that the suite runs: built from their Go modules, once.", no_args_is_help=True)


@app.command("build")
def build_tools(
    tools: Annotated[list[str] | None, typer.Argument(help="Only these tools; all of the release when empty.")] = None,
    *,
    flux_version: Annotated[str, typer.Option(help="The Flux release.")] = settings.Settings().flux_version,
    folder: Annotated[Path | None, typer.Option("--flux-toolchain", help="Folder of binaries to prefer.")] = None,
    variants: Annotated[bool, typer.Option(help="Also the mutated controllers that the mutants need.")] = False,
    further: Annotated[str, typer.Option("--set", help="The tools of a further set, such as lab, instead.")] = "",
) -> None:
    """Find or build the tools; an interrupted build resumes."""
    with Toolchain(flux_version, folder, settings.cache_dir(), typer.echo) as toolchain:
        recipes = toolchain.recipes
        of_set = recipes.tools_of_set(further) if further else recipes.in_order(variants=variants)
        wanted = tools or [*of_set]
        toolchain.require(wanted)
        for tool in wanted:
            typer.echo(f"{tool:32} {toolchain.path(tool)}")


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


def _line(tool: CachedTool) -> str:
    origin = tool.origin
    return f"{origin.tool:32} {origin.version:20} {origin.go_version:10} {origin.binary_sha256[:12]} {origin.module}"
