"""Marks what a run makes in the container engine, and ends what a killed run left there, by label."""

import json
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from conformance.errors import InputError
from conformance.process import end_processes, processes_of_run
from conformance.process_identity import own_identity, read_start, same_process_lives
from conformance.providers.engine import Engine
from conformance.providers.kept import LOST_NETWORK, Hold, forget_ended, how_to_end, is_free, is_kept, kept_folder
from conformance.settings import state_dir

RUN_LABEL = "dev.fluxtenancy.conformance.run"
"""On the network of each cluster: the id of the run that made it. A cluster has the name of its network."""
OWNER_LABEL = "dev.fluxtenancy.conformance.owner"
"""Host, process id and start time of the run's process, and where the cluster lies if it is kept; as JSON."""
_OURS = re.compile(r"ftc-\d{8}t\d{6}z-[0-9a-f]+-")
"""Begins the name of each cluster: the run's id (`kind.py`)."""


def labels(run_id: str, cluster: str) -> Mapping[str, str]:
    """Return the labels of the network of a cluster that this process makes."""
    owner = [socket.gethostname(), *own_identity(), str(kept_folder(cluster))]
    return {RUN_LABEL: run_id, OWNER_LABEL: json.dumps(owner)}


def reap(engine: Engine, say: Callable[[str], None]) -> list[str]:
    """Remove the clusters and networks of runs of this machine whose process is dead; return their names.

    What is kept, what belongs to a live run, and what another machine made with the same engine stays. Runs that start
    side by side do this one after the other.
    """
    state_dir().mkdir(parents=True, exist_ok=True)
    with FileLock(state_dir() / "kind-reap.lock"):
        dead = [(name, found[RUN_LABEL]) for name, found in engine.networks(RUN_LABEL) if _is_dead(found)]
        for name, run_id in dead:
            say(f"removing what a killed run left in the container engine: {name}")
            end_processes(processes_of_run(run_id))
            # A network without a node is rare: whoever was making one may have been ended a moment ago.
            engine.remove_nodes(name, coming=True)
            engine.remove_network(name)
        late = _late(engine)
        for name in late:
            say(f"removing a node that the container engine made when its run had ended: {name}")
            engine.remove_nodes(name)
        # A network comes before its folder: what has a folder, and neither network nor node, was ended.
        forget_ended(lambda: _ours(engine), engine.clusters, lambda: engine.facts().id, say)
    return [*(name for name, _ in dead), *late]


def _late(engine: Engine) -> list[str]:
    """Return clusters of this suite with a node that nobody started, and without a network: a live run begins with it.

    The nodes are listed first: a run that begins meanwhile has its network by then.
    """
    unstarted = {name for name in engine.unstarted() if _OURS.match(name)}
    return sorted(unstarted - engine.network_names()) if unstarted else []


def require_kept(engine: Engine, name: str) -> None:
    """Check that a cluster is one that this suite kept on this machine, still there, and used by no other run.

    Raises:
        InputError: it is not.
    """
    kept = sorted(one for one in _ours(engine) if is_kept(kept_folder(one)) and engine.nodes(one))
    if name in kept:
        Hold(name, "").end(remove=False)
        return
    known = f"kept: {', '.join(kept)}" if kept else "none is kept; --flux-keep keeps one"
    if engine.nodes(name):
        if is_kept(kept_folder(name)):
            raise InputError(f"--flux-reuse '{name}': this cluster {LOST_NETWORK}", hint=how_to_end(name))
        raise InputError(f"--flux-reuse '{name}': this cluster is not one that the suite kept here", hint=known)
    raise InputError(f"--flux-reuse '{name}': there is no such cluster", hint=known)


def is_used(name: str, found: Mapping[str, str]) -> bool:
    """Whether a live run of this machine has a cluster: the one that made it, or one that took it again.

    Args:
        found: the labels of its network.
    """
    owner = _owner(found)
    return owner is not None and owner.here and (owner.lives or (is_kept(owner.folder) and not is_free(name)))


@dataclass(frozen=True, slots=True)
class _Owner:
    here: bool
    lives: bool
    folder: Path


def _owner(found: Mapping[str, str]) -> _Owner | None:
    try:
        host, pid, started, folder = json.loads(found.get(OWNER_LABEL, ""))
        return _Owner(host == socket.gethostname(), same_process_lives(int(pid), read_start(started)), Path(folder))
    except (ValueError, TypeError):
        return None  # not as this suite writes it


def _is_dead(found: Mapping[str, str]) -> bool:
    owner = _owner(found)
    return owner is not None and owner.here and not owner.lives and not is_kept(owner.folder)


def _ours(engine: Engine) -> set[str]:
    return {network for network, _ in engine.networks(RUN_LABEL)}
