"""Marks what a run makes in the container engine, and ends what a killed run left there, by label."""

import json
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from conformance.errors import InputError
from conformance.process import end_processes, own_identity, processes_of_run, same_process_lives
from conformance.providers.engine import Engine
from conformance.settings import state_dir

RUN_LABEL = "dev.fluxtenancy.conformance.run"
"""On the network of each cluster: the id of the run that made it. A cluster has the name of its network."""
OWNER_LABEL = "dev.fluxtenancy.conformance.owner"
"""Host, process id and start time of the run's process, and where the cluster lies if it is kept; as JSON."""
BASELINE = "baseline.json"
"""In the folder of a kept cluster, once it stands: what it had at its creation."""


def labels(run_id: str, cluster: str) -> Mapping[str, str]:
    """Return the labels of the network of a cluster that this process makes."""
    pid, created = own_identity()
    owner = [socket.gethostname(), pid, created, str(kept_folder(cluster))]
    return {RUN_LABEL: run_id, OWNER_LABEL: json.dumps(owner)}


def reap(engine: Engine) -> list[str]:
    """Remove the clusters and networks of runs of this machine whose process is dead; return their names.

    What is kept, what belongs to a live run, and what another machine made with the same engine stays.
    """
    dead = [(name, found[RUN_LABEL]) for name, found in engine.networks(RUN_LABEL) if _is_dead(found)]
    for name, run_id in dead:
        end_processes(processes_of_run(run_id))
        engine.remove_nodes(name)
        engine.remove_network(name)
    _forget_ended(engine)
    return [name for name, _ in dead]


def kept_folder(cluster: str) -> Path:
    """Return the folder of a kept cluster: its kubeconfig, and what its node mounts."""
    return state_dir() / "kept" / cluster


def is_kept(folder: Path) -> bool:
    """Whether a folder is that of a cluster that stood, and is to stay."""
    return (folder / BASELINE).is_file()


def require_kept(engine: Engine, name: str) -> None:
    """Check that a cluster is one that this suite kept on this machine, and still there.

    Raises:
        InputError: it is not.
    """
    ours = {network for network, _ in engine.networks(RUN_LABEL)}
    kept = sorted(one for one in ours if is_kept(kept_folder(one)) and engine.nodes(one))
    if name in kept:
        return
    known = f"kept: {', '.join(kept)}" if kept else "none is kept; --flux-keep keeps one"
    if engine.nodes(name):
        raise InputError(f"--flux-reuse '{name}': this cluster is not one that the suite kept here", hint=known)
    raise InputError(f"--flux-reuse '{name}': there is no such cluster", hint=known)


def _is_dead(found: Mapping[str, str]) -> bool:
    try:
        host, pid, created, folder = json.loads(found.get(OWNER_LABEL, ""))
        alive = same_process_lives(int(pid), float(created))
    except (ValueError, TypeError):
        return False  # not as this suite writes it
    return bool(host == socket.gethostname()) and not alive and not is_kept(Path(folder))


def _forget_ended(engine: Engine) -> None:
    """Remove the folders of kept clusters that somebody ended."""
    folder = kept_folder("")
    paths = list(folder.iterdir()) if folder.is_dir() else []
    known = {network for network, _ in engine.networks(RUN_LABEL)}  # later: a network comes before its folder
    for path in paths:
        if path.name not in known:
            shutil.rmtree(path, ignore_errors=True)
