"""Clusters that stay after their run: where they lie, which engine has them, and who uses one right now."""

import contextlib
import json
import shutil
import socket
from collections.abc import Callable, Collection
from pathlib import Path

from filelock import FileLock, Timeout

from conformance.errors import InputError
from conformance.process_identity import own_identity, read_start, same_process_lives
from conformance.settings import state_dir

BASELINE = "baseline.json"
"""In the folder of a kept cluster, once it stands: what it had at its creation."""
_CLAIM = "engine.json"
"""In the same folder, from the beginning: the engine's id, and the machine."""
LOST_NETWORK = "has lost its network and cannot start again"
"""What becomes of a cluster that is stopped when somebody says `docker network prune`."""

_GLANCE_S = 1.0
"""Somebody may only be looking whether a cluster is free, for a millisecond."""


def kept_folder(cluster: str) -> Path:
    """Return the folder of a kept cluster: its kubeconfig, and what its node mounts."""
    return state_dir() / "kept" / cluster


def is_kept(folder: Path) -> bool:
    """Whether a folder is that of a cluster that stood, and is to stay."""
    return (folder / BASELINE).is_file()


def how_to_reach(cluster: str, node: str, kubeconfig: Path) -> str:
    """Return what to tell of a cluster that stays."""
    return (
        f"the cluster {cluster} stays; the suite's servers end with this run\n"
        f"  reach it    export KUBECONFIG={kubeconfig}\n"
        f"  use it      --flux-provider kind --flux-reuse {cluster}\n"
        f"  end it      docker rm --force --volumes {node} && docker network rm {cluster}"
    )


def how_to_end(cluster: str) -> str:
    """Return what ends a cluster that has no network any more."""
    return f"`docker rm --force --volumes {cluster}-control-plane` ends it"


def claim(cluster: str, engine_id: str) -> None:
    """Write down which engine has a cluster: no other one can say that it is gone."""
    (kept_folder(cluster) / _CLAIM).write_text(json.dumps([engine_id, socket.gethostname()]))


def forget_ended(
    known: Callable[[], Collection[str]],
    with_nodes: Callable[[], Collection[str]],
    engine_id: Callable[[], str],
    say: Callable[[str], None],
) -> None:
    """Remove the folders of kept clusters that somebody ended; those of another engine or machine stay.

    Args:
        known: asked after the folders were listed: the clusters whose network the engine has.
        with_nodes: asked when one has none: the clusters of which it has a node, running or not.
        engine_id: asked when there is something to forget; empty when the engine does not say one.
    """
    root = kept_folder("")
    folders = [path for path in sorted(root.iterdir()) if path.is_dir()] if root.is_dir() else []
    there = known() if folders else ()
    gone = [path for path in folders if path.name not in there]
    there = with_nodes() if gone else ()
    ours = [engine_id(), socket.gethostname()] if gone else []
    for path in gone:
        claimed = _claimed(path)
        if path.name in there:
            say(
                f"the kept cluster {path.name} {LOST_NETWORK}: {how_to_end(path.name)}, and the next run forgets {path}"
            )
        elif not claimed or not all(claimed):
            why = "is not here, and nothing says which engine has it"
            say(f"the kept cluster {path.name} {why}: {path} stays until you remove it")
        elif claimed == ours:
            with contextlib.suppress(InputError):  # a live run uses it; it will see for itself
                Hold(path.name, "").end(remove=True)


class Hold:
    """The use of one kept cluster by one run alone. The kernel ends it with the process."""

    def __init__(self, cluster: str, run_id: str) -> None:
        """Take it.

        Raises:
            InputError: another run has it; nothing was changed.
        """
        self._cluster = cluster
        self._holder = kept_folder(f"{cluster}.holder")
        self._file = kept_folder(f"{cluster}.lock")
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Of the process and not of the thread: whoever ends a platform need not be who began it.
        self._lock = FileLock(self._file, thread_local=False)
        try:
            self._lock.acquire(timeout=_GLANCE_S)
        except Timeout:
            raise InputError(
                f"--flux-reuse '{cluster}': this cluster is in use{self._told()}",
                hint="wait until that run has ended, or start without --flux-reuse",
            ) from None
        self._holder.write_text(json.dumps([run_id, *own_identity()]))

    def end(self, *, remove: bool) -> None:
        """Let others have the cluster; with `remove` forget it: its folder goes."""
        self._holder.unlink(missing_ok=True)
        if remove:
            shutil.rmtree(kept_folder(self._cluster), ignore_errors=True)
            self._file.unlink(missing_ok=True)
        self._lock.release()

    def _told(self) -> str:
        with contextlib.suppress(OSError, ValueError, TypeError):
            run_id, pid, started = json.loads(self._holder.read_text())
            if same_process_lives(int(pid), read_start(started)):
                return f" by the run {run_id} (process {pid})"
        return ""


def is_free(cluster: str) -> bool:
    """Whether no run uses a kept cluster right now."""
    try:
        Hold(cluster, "").end(remove=False)
    except InputError:
        return False
    return True


def _claimed(folder: Path) -> list[str]:
    try:
        engine_id, host = json.loads((folder / _CLAIM).read_text())
    except (OSError, ValueError, TypeError):
        return []  # of an earlier version, or its run was killed just then
    return [str(engine_id), str(host)]
