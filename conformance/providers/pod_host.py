"""The Flux controllers of a cluster with real nodes: their Pods' logs, processes, temporary files and webhooks.

Arguments are those that the node's kernel knows of the container's process, found by the Pod's cgroup, so that a Pod's
manifest is not taken for what runs.
"""

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

from conformance.errors import Breakdown, ProcessError, ProviderError, WaitTimeout
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import pick
from conformance.kube.wait import ended_by, eventually
from conformance.model import BinaryOrigin, Manifest
from conformance.process import Service, Supervisor
from conformance.providers.arguments import controller_of
from conformance.providers.engine import Engine
from conformance.settings import environment
from conformance.timeline import Mark

LOGGER = logging.getLogger(__name__)
NAMESPACE = "flux-system"
TEMPORARY = "/tmp"  # noqa: S108 - inside of the controller's container, where Flux mounts a volume for it
_SILENCE_S = 30.0
"""A followed log that is silent for so long is asked for anew."""
_WATCH_S = 20
_FORWARDED_S = 15.0
_PROCESSES = """\
for p in /proc/[0-9]*; do
  if grep -qs "$1" "$p/cgroup"; then printf '%s\\037' "${p#/proc/}"; tr '\\000' '\\037' <"$p/cmdline"; echo; fi
done"""
_LAY = """\
set -e
target="/proc/$1/root$3"
rm -rf "$target"
cp -a "$2" "$target"
chown -Rh --reference="/proc/$1" "$target"
chmod -R a+rX "$target"
rm -rf "$2\""""
_FORWARDING = re.compile(r"Forwarding from (127\.0\.0\.1:\d+) ")


@dataclass(slots=True)
class _Follower:
    """One Pod whose log is being copied."""

    pod: Manifest
    controller: str
    last: str = ""
    """The kubelet's time of the last line that was copied."""
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Process:
    pid: str
    arguments: list[str]


class PodHost:
    """Reads the Pods of flux-system. Implements `ControllerHost`."""

    def __init__(
        self,
        *,
        client: KubeClient,
        engine: Engine,
        node: str,
        supervisor: Supervisor,
        kubectl: Callable[[str], Path],
        kubeconfig: Path,
        logs: Path,
    ) -> None:
        self._client = client
        self._engine = engine
        self._node = node
        self._supervisor = supervisor
        self._kubectl = kubectl
        self._kubeconfig = kubeconfig
        self._logs = logs
        self._stop = threading.Event()
        self._lock = threading.RLock()
        self._followers: dict[str, _Follower] = {}
        self._processes: dict[str, _Process] = {}
        self._forward: tuple[str, Service, str] | None = None
        self._thread = threading.Thread(target=self._follow_pods, name="pod-host", daemon=True)

    def start(self) -> None:
        """Begin to follow the controllers' logs."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following; the supervisor ends what forwards a port."""
        self._stop.set()
        for follower in list(self._followers.values()):
            follower.ended.set()

    def command_line(self, controller: str) -> list[str]:
        """Return the arguments of the running process, as the node's kernel knows them; empty when none runs."""
        pod = self._running(controller)
        process = self._process(controller, pod) if pod else None
        return process.arguments if process else []

    def log(self, controller: str) -> str:
        """Return what the controller's Pods wrote so far, also those that are gone."""
        with self._lock:
            path = self._path(controller)
            said = path.read_text(errors="replace") if path.exists() else ""
            live = [(f.pod, f.last) for f in self._followers.values() if f.controller == controller]
        return said + "".join(f"{line}\n" for pod, last in live for line in self._news(pod, last))

    def lay(self, controller: str, content: Path, name: str) -> str:
        """Copy a folder into the controller's /tmp, as its own user's; return its path in the container.

        Raises:
            ProviderError: the controller does not run, or the node refuses it.
        """
        pod = self._running(controller)
        process = self._process(controller, pod) if pod else None
        if process is None:
            raise ProviderError(f"{controller} does not run: nothing can be laid among its files")
        on_node, target = f"/kind/{name}", f"{TEMPORARY}/{name}"
        try:
            self._engine.in_node(self._node, ["rm", "-rf", on_node])
            self._engine.copy_in(content, self._node, on_node)
            self._engine.in_node(self._node, ["sh", "-c", _LAY, "sh", process.pid, on_node, target])
        except ProcessError as error:
            raise ProviderError(f"cannot copy {content.name} among the files of {controller}: {error}") from error
        return target

    def images(self) -> Sequence[BinaryOrigin]:
        """Return the image of each controller that runs, with the digest that its node knows."""
        pods = self._client.objects("v1", "Pod", namespace=NAMESPACE)
        running = {name: _container_status(pod) for pod in pods if (name := controller_of(pod)) and _container(pod)}
        return [_origin(name, state) for name, state in sorted(running.items())]

    def history(self) -> Sequence[Mark]:
        """Return nothing: nobody follows what the kubelet does to them."""
        return ()

    def receiver(self) -> str:
        """Return a local address that is forwarded to the live notification-controller's webhooks.

        Raises:
            ProviderError: it does not run, or kubectl cannot forward to it.
        """
        pod = self._running("notification-controller")
        if pod is None:
            raise ProviderError("notification-controller does not run: nobody takes calls of webhooks")
        uid = pod["metadata"]["uid"]
        with self._lock:
            if self._forward is None or self._forward[0] != uid or not self._forward[1].alive:
                self._forward = (uid, *self._forwarded(pod["metadata"]["name"]))
            return self._forward[2]

    def with_fault(self, controller: str, binary: Path, environment: Mapping[str, str]) -> NoReturn:
        """Refuse: the controllers of this provider are official images."""
        raise ProviderError(
            f"{controller} cannot be run from {binary.name} with {', '.join(environment)} on Kind",
            hint="mutants of code need --flux-provider embedded",
        )

    def without_fault(self, controller: str) -> None:
        """Do nothing: there are no faults here."""

    def _path(self, controller: str) -> Path:
        return self._logs / f"{controller}.log"

    def _running(self, controller: str) -> Manifest | None:
        """Return the newest Pod of a controller whose container runs."""
        pods = [p for p in self._client.objects("v1", "Pod", namespace=NAMESPACE) if controller_of(p) == controller]
        running = [p for p in pods if _container(p) and not pick(p, "metadata", "deletionTimestamp")]
        return max(running, key=lambda p: str(p["metadata"]["creationTimestamp"]), default=None)

    def _process(self, controller: str, pod: Manifest) -> _Process | None:
        """Return the container's process; it is looked up once, as its arguments cannot change."""
        container = _container(pod)
        if container not in self._processes:
            # cgroup drivers write a Pod's uid with dashes or with underscores.
            pattern = str(pod["metadata"]["uid"]).replace("-", "[-_]")
            said = self._engine.in_node(self._node, ["sh", "-c", _PROCESSES, "sh", pattern])
            for line in said.splitlines():
                pid, *arguments = line.rstrip("\037").split("\037")
                if arguments and Path(arguments[0]).name == controller:
                    self._processes[container] = _Process(pid, arguments)
        return self._processes.get(container)

    def _forwarded(self, pod: str) -> tuple[Service, str]:
        log = self._logs / "port-forward.log"
        before = log.stat().st_size if log.exists() else 0
        words: list[str | Path] = [self._kubectl("kubectl"), "--kubeconfig", self._kubeconfig]
        words += ["--namespace", NAMESPACE, "port-forward", f"pod/{pod}", ":9292"]
        env = {"PATH": environment()["PATH"], "HOME": str(self._kubeconfig.parent)}  # kubectl caches in its home
        service = self._supervisor.start("port-forward", words, log=log, env=env)

        def address() -> str:
            with log.open(errors="replace") as file:
                file.seek(before)
                match = _FORWARDING.search(file.read())
            return match[1] if match else ""

        try:
            what = "kubectl forwards a port to notification-controller"
            with ended_by(self._stop):
                return service, eventually(address, bool, timeout_s=_FORWARDED_S, what=what)
        except WaitTimeout as error:
            self._supervisor.stop(service)
            raise ProviderError(f"{error.what}", log=log) from error

    def _follow_pods(self) -> None:
        while not self._stop.is_set():
            try:
                pods, version = self._client.objects_at("v1", "Pod", namespace=NAMESPACE)
                for pod in pods:
                    self._on_pod("ADDED", pod)
                events = self._client.watch("v1", "Pod", namespace=NAMESPACE, since=version, seconds=_WATCH_S)
                for event, pod in events:
                    if self._stop.is_set():
                        return
                    self._on_pod(event, pod)
            except Breakdown as error:
                LOGGER.debug("following Pods again: %s", error)
                self._stop.wait(0.5)

    def _on_pod(self, event: str, pod: Manifest) -> None:
        controller, key = controller_of(pod), _container(pod)
        uid = pod["metadata"]["uid"]
        with self._lock:
            known = [f for f in self._followers.values() if f.pod["metadata"]["uid"] == uid]
            if event == "DELETED" or (controller and key and key not in self._followers):
                for follower in known:  # of the Pod's container before a restart
                    follower.ended.set()
            if event != "DELETED" and controller and key and key not in self._followers:
                follower = _Follower(pod, controller, max((f.last for f in known), default=""))
                self._followers[key] = follower
                threading.Thread(target=self._follow, args=(key, follower), name=f"log-{key[-8:]}", daemon=True).start()

    def _follow(self, key: str, follower: _Follower) -> None:
        """Copy a container's log until its Pod is gone."""
        name = follower.pod["metadata"]["name"]
        while not follower.ended.is_set():
            try:
                for line in self._client.pod_log(NAMESPACE, name, follow_s=_SILENCE_S, since=follower.last):
                    self._copy(follower, line)
            except ApiError as error:
                if error.status == HTTPStatus.NOT_FOUND:
                    follower.ended.set()
            except Breakdown as error:
                LOGGER.debug("following the log of %s again: %s", name, error)
            follower.ended.wait(0.5)
        with self._lock:
            self._followers.pop(key, None)

    def _copy(self, follower: _Follower, line: str) -> None:
        at, _, text = line.partition(" ")
        with self._lock:
            if at > follower.last:
                with self._path(follower.controller).open("a") as file:
                    file.write(f"{text}\n")
                follower.last = at

    def _news(self, pod: Manifest, last: str) -> list[str]:
        """Return the lines after those that were copied; none of a Pod that went meanwhile."""
        try:
            lines = list(self._client.pod_log(NAMESPACE, pod["metadata"]["name"], since=last))
        except Breakdown as error:
            LOGGER.debug("no news of %s: %s", pod["metadata"]["name"], error)
            return []
        return [text for at, _, text in (line.partition(" ") for line in lines) if at > last]


def _container_status(pod: Manifest) -> Mapping[str, Any]:
    return pick(pod, "status", "containerStatuses", 0) or {}


def _origin(controller: str, state: Mapping[str, Any]) -> BinaryOrigin:
    repository, _, tag = str(state.get("image", "")).rpartition(":")
    return BinaryOrigin(
        tool=controller,
        module=repository,
        version=tag,
        go_version="",
        go_sum_sha256="",
        binary_sha256=str(state.get("imageID", "")).rpartition("sha256:")[2],
        source="image",
    )


def _container(pod: Manifest) -> str:
    """Return the id of a Pod's first container while it runs."""
    status = _container_status(pod)
    return str(status.get("containerID", "")) if pick(status, "state", "running") is not None else ""
