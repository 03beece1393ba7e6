"""The commands of the lab, and their exit codes."""

import argparse
import sys
from collections.abc import Sequence

from conformance import settings
from conformance.errors import Breakdown
from conformance.signals import ended_as_by_ctrl_c
from kind_lab import lab
from kind_lab.host import Impossible, InUse, NotNeeded
from kind_lab.layout import Layout, layout

OK, FAILED, IMPOSSIBLE, NOT_NEEDED, IN_USE, INTERRUPTED = 0, 1, 20, 21, 22, 130
"""IMPOSSIBLE: this host cannot have a lab. NOT_NEEDED: it has an engine already. IN_USE: `down` left the engine to
somebody else. FAILED is worth a look, always."""


def main(words: Sequence[str]) -> int:
    """Run one command; return its exit code."""
    options = _options(words)
    try:
        with ended_as_by_ctrl_c():
            _run(options, layout())
    except Impossible as error:
        return _told("impossible on this host", error, IMPOSSIBLE)
    except NotNeeded as error:
        return _told("not needed", error, NOT_NEEDED)
    except InUse as error:
        return _told("in use", error, IN_USE)
    except Breakdown as error:
        return _told("failed", error, FAILED)
    except KeyboardInterrupt:
        print("kind-lab: interrupted; what is finished stays, `make kind-lab` goes on", file=sys.stderr)
        return INTERRUPTED
    return OK


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python hack/kind-lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="engine, images and node image; what is there stays")
    up.add_argument("--force", action="store_true", help="also where an engine answers already")
    version = settings.Settings().flux_version
    up.add_argument("--flux-version", default=version, help=f"whose controllers become images; {version} without it")
    down = commands.add_parser("down", help="end the engine and its containers")
    down.add_argument("--force", action="store_true", help="also under runs that live")
    down.add_argument("--purge", action="store_true", help="and remove images and files")
    commands.add_parser("env", help='for eval "$(…)": the variables with which docker and kind reach the engine')
    return parser.parse_args(words)


def _run(options: argparse.Namespace, where: Layout) -> None:
    match options.command:
        case "up":
            names = lab.up(where, _tell, flux_version=options.flux_version, force=options.force)
            _tell(f"kind-lab: ready; {len(names)} images, {names[0]} among them")
            _tell('kind-lab: next: eval "$(make -s kind-lab-env)"')
        case "down":
            lab.down(where, _tell, purge=options.purge, force=options.force)
        case _:
            for name, value in lab.environment(where).items():
                _tell(f"export {name}={value}")


def _tell(line: str) -> None:
    print(line, flush=True)


def _told(word: str, error: Breakdown, code: int) -> int:
    print(f"kind-lab: {word}: {error}", file=sys.stderr, flush=True)
    return code
