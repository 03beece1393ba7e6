"""The flags of a release's controllers: from the help of the exact binary, else from the manifest's arguments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance import process
from conformance.errors import ProcessError, ToolchainError
from conformance.toolchain import CachedTool

HELP, MANIFEST = "help", "manifest"
HELP_TIMEOUT_S = 30.0
"""A controller prints its help in 0.1 s; the machine may be busy."""
_LINE = re.compile(r"^\s+(?:-\w, )?--(?P<flag>[\w.-]+)(?: (?P<type>\S+))?(?P<text>\s.*)?$")
SET = "set"
"""Key of a flag's detail: what the Deployment sets it to."""
_DEFAULT = re.compile(r"\(default (?P<value>.*)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag of one controller."""

    controller: str
    name: str
    """With its dashes."""
    detail: Mapping[str, str]
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One Deployment of a release."""

    name: str
    version: str
    arguments: Sequence[str]
    manifest: str
    beside: Sequence[str] = ()
    """The other containers of its Pods, those that run before it too: name and image."""


def of_help(controller: Controller, text: str, origin: str) -> Sequence[Flag]:
    """Return the flags that a help text lists, with what the Deployment sets them to, and those that only it has.

    Raises:
        ToolchainError: it lists none: its form has changed, and nothing may be counted as absent.
    """
    found = [match for match in map(_LINE.match, text.splitlines()) if match]
    if not found:
        raise ToolchainError(
            f"the help of {controller.name} {controller.version} lists no flags",
            hint="its form has changed: see conformance/surface/flags.py",
        )
    given = {flag.name: flag for flag in of_arguments(controller)}
    listed = {f"--{one['flag']}": _detail(one) for one in found}
    flags = [
        Flag(controller=controller.name, name=name, detail=detail | _set_by(given.get(name)), origin=origin)
        for name, detail in listed.items()
    ]
    return [*flags, *(flag for name, flag in given.items() if name not in listed)]


def _set_by(argument: Flag | None) -> dict[str, str]:
    return dict(argument.detail) if argument else {}


def _detail(line: re.Match[str]) -> dict[str, str]:
    default = _DEFAULT.search(line["text"] or "")
    found = {"type": line["type"] or "bool"}
    return {**found, "default": default["value"]} if default else found


def of_arguments(controller: Controller) -> Sequence[Flag]:
    """Return the flags that a Deployment's arguments name."""
    given: dict[str, list[str]] = {}
    for argument in controller.arguments:
        name, _, value = argument.partition("=")
        given.setdefault(name, []).append(value or "true")
    origin = f"arguments in {controller.manifest}"
    return [
        Flag(controller=controller.name, name=name, detail={SET: ", ".join(values)}, origin=origin)
        for name, values in given.items()
    ]


def binary_of(controller: Controller, tools: Sequence[CachedTool]) -> CachedTool | None:
    """Return the cached binary of exactly this controller, faulty builds left out; None: it is not at hand."""
    fits = (tool for tool in tools if (tool.origin.tool, tool.origin.version) == (controller.name, controller.version))
    return next(fits, None)


def help_of(binary: Path) -> str:
    """Return the help of a binary.

    Raises:
        ToolchainError: it does not print it.
    """
    try:
        ended = process.run([binary, "--help"], timeout_s=HELP_TIMEOUT_S, env={})
    except ProcessError as error:
        raise ToolchainError(
            f"{binary.name} does not print its help: {error.what}", hint="flux-tenancy toolchain verify"
        ) from error
    return ended.stderr + ended.stdout
