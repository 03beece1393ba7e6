"""The container engine of the lab: Debian's dockerd, on a socket and a storage of its own."""

import json
from collections.abc import Sequence
from pathlib import Path

import psutil

from conformance import process
from conformance.errors import ProcessError, ProviderError, WaitTimeout
from conformance.kube.wait import eventually
from conformance.providers.engine import NETWORK_GONE
from conformance.providers.reaping import RUN_LABEL, is_used
from kind_lab import traces
from kind_lab.layout import RUN, Layout, child_environment

DAEMON = "/usr/sbin/dockerd"
PID_FILE = RUN / "docker.pid"
EXEC_ROOT = RUN / "exec"
START_TIMEOUT_S = 120.0
"""It answers 2 s after its start."""
ANSWER_TIMEOUT_S = 60.0
WORK_TIMEOUT_S = 3600.0
"""An image of 3 GB takes 40 s, on an idle machine."""
STOP_RETRY = "TERM/30/KILL/5"
STOP_TIMEOUT_S = 120.0
STUCK = "make kind-lab-down, then make kind-lab"


class Engine:
    """The engine of one lab, whether or not it runs."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._env = {**child_environment(), "DOCKER_HOST": layout.docker_host}

    def docker(self, *arguments: str | Path, timeout_s: float = ANSWER_TIMEOUT_S) -> str:
        """Run one docker command against this engine and return what it printed; raises ProcessError."""
        return process.run(["docker", *arguments], timeout_s=timeout_s, env=self._env).stdout

    def answers(self) -> bool:
        """Whether the engine answers."""
        if not self.layout.socket.exists():
            return False
        try:
            self.docker("version", "--format", "{{.Server.Version}}")
        except ProcessError:
            return False
        return True

    def start(self, runtime: Path) -> bool:
        """Start the engine unless it runs; return whether it was started.

        Args:
            runtime: the command between the engine and runc.

        Raises:
            ProviderError: it does not answer; names its log.
        """
        if self.answers():
            return False
        if (pid := self._pid()) is not None:
            raise ProviderError(f"the lab's engine runs (process {pid}) and does not answer", hint=STUCK)
        self._configure(runtime)
        traces.remember()
        argv: list[str | Path] = ["start-stop-daemon", "--start", "--background", "--output", self.layout.log]
        argv += ["--pidfile", PID_FILE, "--exec", DAEMON, "--", "--config-file", RUN / "daemon.json"]
        process.run(argv, timeout_s=ANSWER_TIMEOUT_S)
        try:
            eventually(self.answers, bool, timeout_s=START_TIMEOUT_S, what="an answer of the lab's engine")
        except WaitTimeout as error:
            raise ProviderError(error.what, hint=f"read its log; {STUCK}", log=self.layout.log) from error
        return True

    def _pid(self) -> int | None:
        """Return the process id of the engine, answering or not."""
        try:
            pid = int(PID_FILE.read_text(encoding="utf-8"))
            return pid if psutil.Process(pid).exe() == DAEMON else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _configure(self, runtime: Path) -> None:
        self.layout.engine.mkdir(parents=True, exist_ok=True)
        config = {
            "hosts": [self.layout.docker_host],
            "data-root": str(self.layout.engine),
            "exec-root": str(EXEC_ROOT),
            "pidfile": str(PID_FILE),
            "runtimes": {"lab": {"path": str(runtime)}},
            "default-runtime": "lab",
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            "storage-driver": "overlay2",
        }
        (RUN / "daemon.json").write_text(json.dumps(config, indent=2), encoding="utf-8")

    def stop(self) -> bool:
        """End all containers and the engine, and take back what it changed on the host; return whether it ran.

        Raises:
            ProcessError: a step failed; the steps before it are done.
        """
        ran = self._pid() is not None
        if self.answers():
            if containers := self.docker("ps", "--all", "--quiet").split():
                self.docker("rm", "--force", "--volumes", *containers, timeout_s=WORK_TIMEOUT_S)
            self.docker("network", "prune", "--force")
        if ran:
            argv: list[str | Path] = ["start-stop-daemon", "--stop", "--pidfile", PID_FILE, "--exec", DAEMON]
            process.run([*argv, "--retry", STOP_RETRY], timeout_s=STOP_TIMEOUT_S)
        process.end_processes(_helpers())
        traces.restore()
        return ran

    def used_clusters(self) -> list[str]:
        """Return the clusters that live runs of this machine have here; none of an engine that does not answer."""
        if not self.answers():
            return []
        names = self.docker("network", "ls", "--filter", f"label={RUN_LABEL}", "--format", "{{.Name}}").split()
        return [name for name in names if self._is_used(name)]

    def _is_used(self, network: str) -> bool:
        try:
            said = self.docker("network", "inspect", "--format", "{{json .Labels}}", network)
        except ProcessError as error:
            # Gone meanwhile; else nobody knows whose it is, and it is left alone.
            return NETWORK_GONE.search(str(error)) is None
        return is_used(network, dict(json.loads(said) or {}))

    def label_of(self, image: str, label: str) -> str:
        """Return a label of an image, empty when there is no such image."""
        try:
            return self.docker("image", "inspect", "--format", f'{{{{index .Config.Labels "{label}"}}}}', image).strip()
        except ProcessError:
            return ""

    def import_image(self, archive: Path, image: str, changes: Sequence[str]) -> None:
        """Make an image of one layer from a tar file, and drop the image that had this name."""
        words = [word for change in changes for word in ("--change", change)]
        self.docker("import", *words, archive, image, timeout_s=WORK_TIMEOUT_S)
        self.docker("image", "prune", "--force", timeout_s=WORK_TIMEOUT_S)

    def save(self, images: Sequence[str], archive: Path) -> None:
        """Write images into one tar file, as `docker load` and containerd read it."""
        self.docker("save", "--output", archive, *images, timeout_s=WORK_TIMEOUT_S)


def _helpers() -> list[psutil.Process]:
    """Return the engine's containerd and shims, by its own folder in their arguments: a killed engine leaves them."""
    return [
        running
        for running in psutil.process_iter(["cmdline"])
        if any(word.startswith(f"{EXEC_ROOT}/") for word in (running.info["cmdline"] or [])[1:])
        and _mounts_of(running.pid) == _mounts_of("self")  # in another, the same path is another folder
    ]


def _mounts_of(pid: int | str) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/mnt").readlink())
    except OSError:
        return ""  # it is gone
