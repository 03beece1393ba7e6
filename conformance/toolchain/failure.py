"""What a failed `go build` means, and what the user can do about it."""

import re
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import ToolchainError
from conformance.toolchain.cache import MOVE_HINT
from conformance.toolchain.recipes import Build

_CREDENTIALS = re.compile(r"://[^/@\s]+@")
_MODULE = re.compile(r"(?P<module>[\w.~-]+(?:/[\w.~-]+)+)@(?P<version>v[\w.+-]+)")


def redacted(text: str) -> str:
    """Return Go's output without the user names and passwords of proxy addresses."""
    return _CREDENTIALS.sub("://***@", text)


def explain(build: Build, output: str, log: Path) -> ToolchainError:
    """Return the error for a failed build: tool, module and version, cause, and what to do next."""
    tools = ", ".join(build.packages)
    text = redacted(output)
    for cause in _CAUSES:
        line = next((line for line in text.splitlines() if cause.sign.search(line)), None)
        if line is not None:
            module = _module_in(line) or _module_in(text) or f"{build.module} {build.version}"
            what = cause.what.format(module=module)
            return ToolchainError(f"cannot build {tools}: {what}\n  | {line.strip()}", hint=cause.hint, log=log)
    last = "\n".join(f"  | {line}" for line in text.strip().splitlines()[-8:])
    return ToolchainError(
        f"cannot build {tools} ({build.module} {build.version})\n{last}", hint="read the log", log=log
    )


@dataclass(frozen=True, slots=True)
class _Cause:
    sign: re.Pattern[str]
    what: str
    hint: str


_CAUSES = (
    _Cause(
        re.compile(r"no space left on device|disk quota exceeded"), "the disk is full", f"free some, or {MOVE_HINT}"
    ),
    _Cause(re.compile(r"signal: killed|cannot allocate memory"), "out of memory", "4 GiB are needed; close others"),
    _Cause(
        re.compile(r"checksum mismatch|SECURITY ERROR|missing go\.sum entry|updates to go\.mod needed"),
        "{module} is not what toolchain/ pins in its go.sum",
        "restore toolchain/ from the repository; if it is unchanged, the proxy does not serve the released module",
    ),
    _Cause(
        re.compile(
            r"\b(?:403 Forbidden|404 Not Found|410 Gone)|not found: |unknown revision|unrecognized import path"
            r"|disabled by GOPROXY=off|\.(?:zip|info|mod): no such file or directory|not available"
        ),
        "module {module} is not served by the module proxy",
        "set GOPROXY to one that serves it, or give the binary in a folder with --flux-toolchain DIR",
    ),
    _Cause(
        re.compile(r"dial tcp|no such host|connection refused|TLS handshake|i/o timeout|proxyconnect|certificate"),
        "the module proxy cannot be reached for {module}",
        "check the network, GOPROXY and HTTPS_PROXY, then run again: it resumes",
    ),
)


def _module_in(text: str) -> str | None:
    found = _MODULE.search(text)
    return f"{found['module']} {found['version']}" if found else None
