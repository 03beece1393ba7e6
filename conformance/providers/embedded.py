"""The default provider: a real control plane as host processes, by kwokctl's binary runtime. No root, no engine."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import ProcessError, ProviderError
from conformance.kube.audit import AuditLog
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, pick
from conformance.kube.wait import eventually, object_until
from conformance.model import Capability
from conformance.process import RUN_ID_VARIABLE, Supervisor, end_processes, processes_of_run, run
from conformance.providers.arguments import GOGC, describe_changes
from conformance.providers.host_runner import HostRunner
from conformance.providers.protocol import LOOPBACK, OWN, Cluster, free_ports
from conformance.runs import RunFolder, port_lock
from conformance.settings import Timeouts, data_dir, environment
from conformance.toolchain import Subject

TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kwokctl", "kubectl")
_CLUSTER = "c"
_NODE = "kwok-node"
_BINARIES = {
    "etcdBinary": "etcd",
    "kubeApiserverBinary": "kube-apiserver",
    "kubeControllerManagerBinary": "kube-controller-manager",
    "kubeSchedulerBinary": "kube-scheduler",
    "kwokControllerBinary": "kwok",
}
_PORTS = (
    "etcdPort",
    "etcdPeerPort",
    "kubeApiserverPort",
    "kubeControllerManagerPort",
    "kubeSchedulerPort",
    "kwokControllerPort",
)
_EXTRA_ARGUMENTS = {
    # As kubeadm does: each controller has its own identity, so that policies see no system:masters from kube-system.
    "kube-controller-manager": {
        "use-service-account-credentials": "true",
        "kube-api-qps": "200",
        "kube-api-burst": "400",
    },
    "etcd": {"unsafe-no-fsync": "true"},  # the data of a run does not outlive it
}


class EmbeddedProvider:
    """Implements `Provider` with etcd, kube-apiserver, controller-manager, scheduler and one KWOK node."""

    def __init__(
        self,
        *,
        folder: RunFolder,
        name: str,
        binary: Callable[[str], Path],
        logs: Path,
        timeouts: Timeouts,
        subject: Callable[[str, str], Subject] | None = None,
    ) -> None:
        """Make a provider; `subject` says what runs for a controller and its image's tag, else `binary` does."""
        self._folder = folder
        self._name = name
        self._binary = binary
        self._subject = subject or (lambda controller, tag: Subject(binary(controller), tag))
        self._logs = logs
        self._timeouts = timeouts
        self._controllers = folder.path / name / "controllers"
        self._supervisor = Supervisor(folder.run_id)
        self._host: HostRunner | None = None
        self._client: KubeClient | None = None
        self._audit: AuditLog | None = None

    def prepare(self) -> str:
        """Return loopback: the controllers are processes of this machine."""
        return LOOPBACK

    def temporary(self, controller: str) -> str:
        """Return the folder for temporary files of a controller's process."""
        return str(self._folder.scratch(self._name).resolve() / controller)

    def held_images(self) -> Mapping[str, str]:
        """Return nothing: the controllers are binaries."""
        return {}

    def broken(self) -> None:
        """Do nothing: `down` keeps all logs anyway."""

    def up(self) -> Cluster:
        """Start the control plane and its node; follow the Pods of Flux controllers from now on.

        Raises:
            ProviderError: kwokctl failed, or the node did not become Ready.
        """
        home = self._folder.sub(self._name, "control-plane")
        kubeconfig = self._folder.sub(self._name) / "kubeconfig"
        self._create(home, kubeconfig)
        client = KubeClient.from_kubeconfig(kubeconfig, timeout_s=self._timeouts.api_request)
        self._client = client
        self._add_node(client)
        self._host = HostRunner(
            client=client,
            supervisor=self._supervisor,
            subject=self._subject,
            folder=self._controllers,
            temporary=self._folder.scratch(self._name),
            logs=self._logs,
        )
        self._host.start()
        self._audit = AuditLog(_state(home) / "logs" / "audit.log")
        return Cluster(
            name=self._name,
            kubeconfig=kubeconfig,
            client=client,
            server=client.host,
            gateway=LOOPBACK,
            gateway_name="localhost",
            version=client.version(),
            capabilities=OWN | {Capability.FLUX_PROCESSES, Capability.FAULTY_BUILDS, Capability.AUDIT_LOG},
            audit=self._audit,
            logs=self._logs,
            host=self._host,
            argument_changes=describe_changes(),
        )

    def down(self) -> None:
        """End all processes of this cluster and keep their logs."""
        if self._host is not None:
            self._host.stop()
        self._supervisor.stop_all()
        # The data goes too: a graceful end of kube-apiserver (3 s and more) has nothing to save.
        end_processes(processes_of_run(self._folder.run_id, self._is_mine), grace_s=0)
        if self._client is not None:
            self._client.close()
        if self._audit is not None:
            self._audit.close()
        state = self._folder.path / self._name / "control-plane"
        for log in _state(state).glob("logs/*.log"):
            self._logs.mkdir(parents=True, exist_ok=True)
            shutil.copy(log, self._logs / log.name)
        shutil.rmtree(self._folder.path / self._name, ignore_errors=True)

    def _is_mine(self, variables: Mapping[str, str]) -> bool:
        return Path(variables.get("KWOK_WORKDIR", "/")).is_relative_to(self._folder.path / self._name)

    def _create(self, home: Path, kubeconfig: Path) -> None:
        config = self._folder.sub(self._name) / "kwokctl.yaml"
        stages = (data_dir("fixtures") / "kwok" / "stages.yaml").read_text()
        argv: list[str | Path] = [self._binary("kwokctl"), "--config", config, "--name", _CLUSTER, "create", "cluster"]
        argv += ["--kubeconfig", kubeconfig, "--wait", f"{self._timeouts.control_plane:g}s"]
        env = {
            **environment(),
            "HOME": str(home),
            "KWOK_WORKDIR": str(home),
            "KUBECONFIG": str(kubeconfig),
            "GOGC": GOGC,
            RUN_ID_VARIABLE: self._folder.run_id,
        }
        kubeconfig.touch(mode=0o600)
        with port_lock():
            config.write_text(yaml.safe_dump(self._config(free_ports(len(_PORTS)))) + "---\n" + stages)
            try:
                run(argv, timeout_s=self._timeouts.control_plane + 10, env=env)
            except ProcessError as error:
                raise ProviderError(
                    f"the control plane did not start: {error}",
                    hint="see the logs of its parts",
                    log=_state(home) / "logs",
                ) from error

    def _config(self, ports: list[int]) -> dict[str, Any]:
        return {
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "kind": "KwokctlConfiguration",
            "options": {
                "runtime": "binary",
                "bindAddress": LOOPBACK,
                "kubeAuditPolicy": str(data_dir("fixtures") / "audit" / "policy.yaml"),
                **{option: str(self._binary(tool)) for option, tool in _BINARIES.items()},
                **dict(zip(_PORTS, ports, strict=True)),
            },
            "componentsPatches": [
                {"name": name, "extraArgs": [{"key": k, "value": v} for k, v in arguments.items()]}
                for name, arguments in _EXTRA_ARGUMENTS.items()
            ],
        }

    def _add_node(self, client: KubeClient) -> None:
        labels = {"kubernetes.io/os": "linux", "kubernetes.io/hostname": _NODE, "type": "kwok"}
        metadata = {"name": _NODE, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
        client.apply({"apiVersion": "v1", "kind": "Node", "metadata": metadata})
        ref = Ref("v1", "Node", _NODE)
        node, ready = object_until(client, ref, _is_ready, timeout_s=self._timeouts.control_plane)
        if not ready:
            raise ProviderError(f"the KWOK node did not become Ready: {pick(node, 'status', 'conditions')}")
        # Without its ServiceAccount no Pod of a namespace is admitted; kcm makes it.
        eventually(
            lambda: client.find(Ref("v1", "ServiceAccount", "default", "default")),
            lambda account: account is not None,
            timeout_s=self._timeouts.control_plane,
            what="kube-controller-manager made the ServiceAccount default/default",
        )


def _state(home: Path) -> Path:
    return home / "clusters" / _CLUSTER


def _is_ready(node: Any) -> bool:
    conditions = pick(node, "status", "conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
