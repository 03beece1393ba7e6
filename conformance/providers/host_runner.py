"""Runs each Flux controller as a host process, from its live Pod: a kubelet for these Pods only.

A Pod becomes Ready (fixtures/kwok/stages.yaml) only after its process answers /readyz with the Pod's own arguments.
A Deployment therefore counts as rolled out only when its arguments are in force.
"""

import logging
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path

from conformance.errors import Breakdown, ProviderError
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import Ref, container_args, pick
from conformance.kube.wait import ended_by, eventually
from conformance.model import BinaryOrigin, Manifest
from conformance.process import Service, Supervisor
from conformance.providers.arguments import (
    OPERATOR,
    Places,
    controller_of,
    host_arguments,
    host_variables,
    pod_variables,
    tag_of,
)
from conformance.providers.history import History
from conformance.providers.kubeconfig import write_kubeconfig
from conformance.providers.operator_data import storage_path
from conformance.providers.protocol import LOOPBACK, free_ports
from conformance.runs import port_lock
from conformance.settings import environment
from conformance.timeline import Act, Mark
from conformance.toolchain import Subject

LOGGER = logging.getLogger(__name__)
READY_ANNOTATION = "conformance.fluxtenancy.dev/process"
NAMESPACE = "flux-system"
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses before a dead process is started again; the last one repeats, as a kubelet's does."""
READY_S = 60.0
"""A controller's caches synced and /readyz served; seen 0.7-2 s."""


@dataclass(slots=True)
class _Process:
    pod: Manifest
    service: Service
    health: str
    version: str
    deaths: int = 0
    next_start: float = 0.0


@dataclass(slots=True)
class _Fault:
    binary: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class HostRunner:
    """Keeps one process for each Flux controller Pod in flux-system. Implements `ControllerHost`."""

    def __init__(
        self,
        *,
        client: KubeClient,
        supervisor: Supervisor,
        subject: Callable[[str, str], Subject],
        folder: Path,
        temporary: Path,
        logs: Path,
    ) -> None:
        self._client = client
        self._supervisor = supervisor
        self._subject = subject
        self._history = History()
        self._folder = folder
        self._temporary = temporary
        self._logs = logs
        self._stop = threading.Event()
        self._lock = threading.RLock()
        self._processes: dict[str, _Process] = {}
        self._places: dict[str, Places] = {}
        self._faults: dict[str, _Fault] = {}
        self._live: dict[str, Manifest] = {}
        self._latest: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._follow_pods, name="host-runner", daemon=True),
            threading.Thread(target=self._keep_alive, name="host-runner-keeper", daemon=True),
        ]
        with port_lock():
            artifact, events = free_ports(2)
        self._artifact_bind = f"{LOOPBACK}:{artifact}"
        self._events_bind = f"{LOOPBACK}:{events}"

    def start(self) -> None:
        """Begin to follow the Pods."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop following; the supervisor ends the processes."""
        self._stop.set()
        with self._lock:
            for process in self._processes.values():
                self._supervisor.stop(process.service)
            self._processes.clear()

    def command_line(self, controller: str) -> list[str]:
        """Return the arguments of the running process, as the kernel knows them."""
        with self._lock:
            process = self._processes.get(controller)
        return process.service.command_line() if process else []

    def log(self, controller: str) -> str:
        """Return what the controller wrote to its log so far."""
        return self._log(controller).read_text(errors="replace")

    def lay(self, controller: str, content: Path, name: str) -> str:
        """Copy a folder among the process's temporary files; return its path."""
        folder = self._places_of(controller).temporary / name
        shutil.copytree(content, folder, symlinks=True, dirs_exist_ok=True)
        return str(folder)

    def images(self) -> Sequence[BinaryOrigin]:
        """Return nothing: what runs are binaries, which the report lists."""
        return ()

    def history(self) -> Sequence[Mark]:
        """Return every start and end of a process so far."""
        return self._history.marks()

    def receiver(self) -> str:
        """Return where notification-controller's webhooks listen.

        Raises:
            ProviderError: it does not run.
        """
        words = self.command_line("notification-controller")
        address = next((word.partition("=")[2] for word in words if word.startswith("--receiverAddr=")), "")
        if not address:
            raise ProviderError("notification-controller does not run: nobody takes calls of webhooks")
        return address

    def with_fault(self, controller: str, binary: Path, environment: Mapping[str, str]) -> None:
        """Restart a controller from another binary, and wait until it is ready."""
        self._faults[controller] = _Fault(binary, environment)
        self._restart(controller)

    def without_fault(self, controller: str) -> None:
        """Restart a controller from its own binary, and wait until it is ready."""
        self._faults.pop(controller, None)
        self._restart(controller)

    def _log(self, controller: str) -> Path:
        return self._logs / f"{controller}.log"

    def _restart(self, controller: str) -> None:
        with self._lock:
            process = self._processes[controller]
            self._end(controller, process)
            fresh = self._launch(controller, process.pod)
        self._wait_ready(controller, fresh)

    def _end(self, controller: str, process: _Process) -> None:
        self._history.add(controller, Act.ENDS, process.version)
        self._supervisor.stop(process.service)

    def _follow_pods(self) -> None:
        while not self._stop.is_set():
            try:
                pods, version = self._client.objects_at("v1", "Pod", namespace=NAMESPACE)
                for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"])):
                    self._on_pod(pod)
                self._forget({pod["metadata"]["uid"] for pod in pods})
                for event, pod in self._client.watch("v1", "Pod", namespace=NAMESPACE, since=version, seconds=30):
                    if self._stop.is_set():
                        return
                    if event == "DELETED":
                        self._on_gone(pod)
                    else:
                        self._on_pod(pod)
            except Breakdown as error:
                LOGGER.debug("following Pods again: %s", error)
                self._stop.wait(0.5)

    def _on_pod(self, pod: Manifest) -> None:
        controller = controller_of(pod)
        if controller is None or not pick(pod, "spec", "nodeName"):
            return
        if pick(pod, "metadata", "deletionTimestamp"):
            self._on_gone(pod)
            return
        uid = pod["metadata"]["uid"]
        with self._lock:
            if uid not in self._live:
                self._live[uid] = pod
                self._take_over(controller, pod)

    def _take_over(self, controller: str, pod: Manifest) -> None:
        """Begin this Pod's process in place of the controller's current one."""
        self._latest[controller] = pod["metadata"]["uid"]
        if current := self._processes.pop(controller, None):
            # Without leader election two processes would both reconcile.
            self._end(controller, current)
        threading.Thread(target=self._bring_up, args=(controller, pod), name=f"start-{controller}", daemon=True).start()

    def _bring_up(self, controller: str, pod: Manifest) -> None:
        try:
            self._subject(controller, tag_of(pod))  # blocks while the toolchain still builds it
            with self._lock:
                if self._stop.is_set() or self._latest.get(controller) != pod["metadata"]["uid"]:
                    return
                process = self._launch(controller, pod)
            self._wait_ready(controller, process)
            self._annotate(pod)
        except Breakdown as error:
            LOGGER.warning("%s did not start: %s", controller, error)
            with self._lock:
                self._live.pop(pod["metadata"]["uid"], None)  # the next listing of the Pods tries it again

    def _launch(self, controller: str, pod: Manifest) -> _Process:
        subject = self._subject(controller, tag_of(pod))
        places = self._places_of(controller)
        if controller == OPERATOR:
            # It reads what its image holds beside it; the others write into a volume.
            places = replace(places, storage=str(storage_path(subject.binary)))
        variables = pod_variables(pod)
        fault = self._faults.get(controller)
        argv: list[str | Path] = [
            fault.binary if fault else subject.binary,
            *host_arguments(controller, container_args(pod), variables, places),
        ]
        env = self._environment(pod, variables, places)
        if fault:
            env |= fault.environment
        service = self._supervisor.start(controller, argv, log=self._log(controller), env=env, cwd=places.folder)
        process = _Process(pod, service, places.health_bind, subject.version)
        self._history.add(controller, Act.STARTS, subject.version)
        self._processes[controller] = process
        return process

    def _environment(self, pod: Manifest, variables: Mapping[str, str], places: Places) -> dict[str, str]:
        places.temporary.mkdir(parents=True, exist_ok=True)
        kubeconfig = write_kubeconfig(self._client, NAMESPACE, _account(pod), places.folder)
        return {**host_variables(variables, places), "PATH": environment()["PATH"], "KUBECONFIG": str(kubeconfig)}

    def _places_of(self, controller: str) -> Places:
        if controller not in self._places:
            folder = self._folder / controller
            storage = folder / "storage"
            storage.mkdir(parents=True, exist_ok=True)
            with port_lock():
                metrics, health, receiver = free_ports(3)
            self._places[controller] = Places(
                events_url=f"http://{self._events_bind}/",
                events_bind=self._events_bind,
                receiver_bind=f"{LOOPBACK}:{receiver}",
                metrics_bind=f"{LOOPBACK}:{metrics}",
                health_bind=f"{LOOPBACK}:{health}",
                artifact_bind=self._artifact_bind,
                storage=str(storage),
                folder=folder,
                temporary=self._temporary / controller,
            )
        return self._places[controller]

    def _wait_ready(self, controller: str, process: _Process) -> None:
        with ended_by(self._stop):
            eventually(
                lambda: _answers(process.health) or not process.service.alive,
                bool,
                timeout_s=READY_S,
                what=f"{controller} answers /readyz (log: {self._log(controller)})",
                interval_s=0.05,
            )
        if process.service.alive:
            self._history.add(controller, Act.SERVES, process.version)

    def _annotate(self, pod: Manifest) -> None:
        ref = Ref("v1", "Pod", pod["metadata"]["name"], NAMESPACE)
        try:
            self._client.patch(ref, {"metadata": {"annotations": {READY_ANNOTATION: "ready"}}})
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:  # replaced meanwhile by a newer Pod
                raise

    def _on_gone(self, pod: Manifest) -> None:
        uid, controller = pod["metadata"]["uid"], controller_of(pod)
        with self._lock:
            self._live.pop(uid, None)
            if controller is None or self._latest.get(controller) != uid:
                return
            del self._latest[controller]
            if process := self._processes.pop(controller, None):
                self._end(controller, process)
            # A rollout that is withdrawn leaves the Pod that it had displaced; on a node that one never stopped.
            others = [other for other in self._live.values() if controller_of(other) == controller]
            if others:
                self._take_over(controller, max(others, key=lambda other: other["metadata"]["creationTimestamp"]))

    def _forget(self, live: set[str]) -> None:
        with self._lock:
            gone = [pod for uid, pod in self._live.items() if uid not in live]
        for pod in gone:
            self._on_gone(pod)

    def _keep_alive(self) -> None:
        while not self._stop.wait(0.25):
            with self._lock:
                for controller, process in list(self._processes.items()):
                    if not process.service.alive and time.monotonic() >= process.next_start:
                        self._revive(controller, process)

    def _revive(self, controller: str, process: _Process) -> None:
        if process.next_start == 0.0:
            process.next_start = time.monotonic() + BACKOFF_S[min(process.deaths, len(BACKOFF_S) - 1)]
            self._history.add(controller, Act.DIES, process.version)
            LOGGER.warning("%s died; it is started again (log: %s)", controller, self._log(controller))
            return
        deaths = process.deaths + 1
        self._supervisor.stop(process.service)
        try:
            self._launch(controller, process.pod).deaths = deaths
        except Breakdown as error:
            LOGGER.warning("%s cannot be started again: %s", controller, error)
            process.next_start = time.monotonic() + BACKOFF_S[-1]


def _account(pod: Manifest) -> str:
    return pick(pod, "spec", "serviceAccountName") or "default"


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=2.0) as response:
            return bool(response.status == HTTPStatus.OK)
    except (OSError, urllib.error.URLError):
        return False
