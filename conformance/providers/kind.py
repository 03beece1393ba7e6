"""Clusters by Kind: a real node in a container, real Pods, enforced NetworkPolicies (docs/adr/0019).

Each cluster has a network of its own, which exists before it, so that servers of this machine can listen at its
gateway.
"""

import contextlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from conformance.errors import DeadlineError, ProcessError, ProviderError
from conformance.kube.audit import AuditLog
from conformance.kube.client import KubeClient
from conformance.model import Capability
from conformance.process import RUN_ID_VARIABLE, Supervisor, run
from conformance.providers import firewall, kind_inside, reusing
from conformance.providers.engine_place import require_gateway
from conformance.providers.kept import BASELINE, Hold, claim, how_to_reach, is_kept, kept_folder
from conformance.providers.kind_cluster import ClusterCommands
from conformance.providers.kind_plan import (
    KINDNET,
    KUBE_ROUTER,
    KindPlan,
    cluster_config,
    flux_images,
    images_to_load,
    kind_data,
    policy_engine,
)
from conformance.providers.loading import Loading
from conformance.providers.pod_host import TEMPORARY, PodHost
from conformance.providers.protocol import OWN, Cluster
from conformance.providers.reaping import labels, reap
from conformance.runs import RunFolder
from conformance.settings import Timeouts, data_dir, environment

TOOLS = ("kind", "kubectl")
_SERVER = "https://kubernetes.default.svc"
_EXPORT_S = 90.0
"""`kind export logs`; seen 4 s."""


class KindProvider:
    """Implements `Provider` with one Kind cluster.

    Args:
        components: Flux's controllers and their versions: images that the engine may hold.
    """

    def __init__(
        self,
        *,
        folder: RunFolder,
        name: str,
        plan: KindPlan,
        components: Mapping[str, str],
        binary: Callable[[str], Path],
        logs: Path,
        timeouts: Timeouts,
        say: Callable[[str], None],
    ) -> None:
        self._run_id = folder.run_id
        self._platform = name
        self._name = plan.reuse or f"ftc-{folder.run_id}-{name}".lower()
        self._keep = plan.keep or bool(plan.reuse)
        self._home = kept_folder(self._name) if self._keep else folder.path / name
        self._private = folder.path / name
        self._plan = plan
        self._engine = plan.engine
        self._components = components
        self._binary = binary
        self._logs = logs
        self._timeouts = timeouts
        self._say = say
        self._supervisor = Supervisor(folder.run_id)
        self._gateway = ""
        self._begun = False
        """There may be something in the engine."""
        self._creating = False
        """A node was asked for, and nobody heard whether it came."""
        self._exported = False
        self._hold: Hold | None = None
        self._notes: list[str] = []
        self._loading: Loading | None = None
        self._host: PodHost | None = None
        self._client: KubeClient | None = None
        self._audit: AuditLog | None = None

    def prepare(self) -> str:
        """End what killed runs left, and make the cluster's network; return its gateway.

        Raises:
            InputError: another run uses the kept cluster.
            ProviderError: the engine refuses, or its networks are not on this machine.
        """
        reap(self._engine, self._say)
        if self._keep:
            self._hold = Hold(self._name, self._run_id)
        if self._plan.reuse:
            self._gateway = self._engine.gateway(self._name)
        else:
            self._begun = True
            self._gateway = self._engine.make_network(self._name, labels(self._run_id, self._name))
        for folder in (self._home, self._private):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._keep:
            claim(self._name, self._plan.facts.id)
        require_gateway(self._gateway, self._name)
        return self._gateway

    def temporary(self, controller: str) -> str:  # noqa: ARG002 - the same in every controller's container
        """Return where Flux mounts a volume for temporary files."""
        return TEMPORARY

    def held_images(self) -> Mapping[str, str]:
        """Return those that the engine has: they are loaded into the node."""
        images = flux_images(self._components)
        return {name: image for name, image in images.items() if self._engine.image_id(image)}

    def up(self) -> Cluster:
        """Create the cluster, with the images that the engine holds, or make a kept one as new.

        Raises:
            ProviderError: kind failed, or the node did not become Ready.
        """
        if not self._plan.reuse:
            self._create()
        client = KubeClient.from_kubeconfig(self._kubeconfig, timeout_s=self._timeouts.api_request)
        self._client = client
        if self._plan.reuse:
            kind_inside.wait_answers(client, timeout_s=self._timeouts.kind_cluster)
            self._load_again()
            reusing.wipe(client, self._home / BASELINE, flux=self._binary("flux"), kubeconfig=self._kubeconfig)
            self._notes.append(f"{self._platform}: the kept cluster {self._name} was made as new")
        else:
            self._complete(client)
        kind_inside.name_gateway(client, self._gateway)
        self._host = PodHost(
            client=client,
            engine=self._engine,
            node=self._node,
            supervisor=self._supervisor,
            kubectl=self._binary,
            kubeconfig=self._kubeconfig,
            logs=self._logs,
        )
        self._host.start()
        self._audit = AuditLog(self._home / "node" / "audit" / "audit.log")
        return self._cluster(client, self._host)

    def broken(self) -> None:
        """Export the node's logs, and say which images could not be pulled, or that the node cannot reach the servers.

        Raises:
            ProviderError: one of both: that is the cause.
        """
        self._export()
        lacking = kind_inside.not_pulled(self._client) if self._client else []
        if lacking:
            failed = self._loading.failed if self._loading else {}
            why = "".join(f"; it could not be loaded: {failed[image]}" for image in lacking if image in failed)
            raise ProviderError(
                f"the node cannot pull {', '.join(lacking)}{why}",
                hint="let it reach the registry, or have the images in the local engine: what it holds is loaded",
                log=self._logs / "kind",
            )
        if self._host is not None and firewall.stops(self._engine, self._node, self._gateway):
            raise ProviderError(
                f"the node cannot reach this machine at {self._gateway}, the gateway of its network {self._name}",
                hint="a firewall stops it (ufw, firewalld): let it take what comes from the engine's bridges",
            )

    def down(self) -> None:
        """End the cluster with its network, unless it is kept; whatever fails before, they are removed.

        Raises:
            ProviderError: the engine does not remove them.
        """
        if self._plan.reuse and self._hold is None:
            return  # it was never this run's
        with contextlib.ExitStack() as stack:  # from the last line to the first
            stack.callback(self._let_go)
            stack.callback(shutil.rmtree, self._private, ignore_errors=True)
            stack.callback(self._remove)
            stack.callback(self._copy_audit_log)
            for opened in (self._audit, self._client):
                if opened is not None:
                    stack.callback(opened.close)
            stack.callback(self._supervisor.stop_all)
            if self._host is not None:
                stack.callback(self._host.stop)
            self._look_at_node()

    def _look_at_node(self) -> None:
        """Keep what explains a node that died under the checks, while it is there."""
        try:
            if self._host is not None and not self._exported and not self._engine.runs(self._node):
                self._export()
                self._say(f"{self._node} does not run any more; what is known of its end: {self._logs / 'kind'}")
        except ProviderError as error:
            self._say(f"whether {self._node} outlived the checks is not known: {error}")

    def _copy_audit_log(self) -> None:
        log = self._home / "node" / "audit" / "audit.log"
        if log.is_file() and self._logs.is_dir():
            try:
                shutil.copy(log, self._logs / log.name)
            except OSError as error:
                self._say(f"the audit log of {self._name} could not be copied to {self._logs}: {error.strerror}")

    def _remove(self) -> None:
        if is_kept(self._home):
            self._say(how_to_reach(self._name, self._node, self._kubeconfig))
        elif self._begun:
            # The network goes last: by its label the next start finds what this one cannot wait for.
            self._engine.remove_nodes(self._name, coming=self._creating)
            self._engine.remove_network(self._name)
            shutil.rmtree(self._home, ignore_errors=True)

    def _let_go(self) -> None:
        if self._hold is not None:
            self._hold.end(remove=not self._home.exists())
            self._hold = None

    def _export(self) -> None:
        self._exported = True
        self._say(f"keeping the logs of {self._node}")
        words = ["export", "logs", str(self._logs / "kind"), f"--name={self._name}"]
        with contextlib.suppress(ProcessError):
            run([self._binary("kind"), *words], timeout_s=_EXPORT_S, env=self._environment())

    @property
    def _kubeconfig(self) -> Path:
        return self._home / "kubeconfig"

    @property
    def _node(self) -> str:
        return f"{self._name}-control-plane"

    def _environment(self) -> dict[str, str]:
        return {
            "TMPDIR": str(self._private),  # `kind load` leaves an image there when it is killed
            **environment(),
            RUN_ID_VARIABLE: self._run_id,
            "KUBECONFIG": str(self._kubeconfig),
            "KIND_EXPERIMENTAL_PROVIDER": "docker",
            "KIND_EXPERIMENTAL_DOCKER_NETWORK": self._name,
        }

    def _commands(self) -> ClusterCommands:
        return ClusterCommands(
            name=self._name,
            kind=self._binary("kind"),
            kubectl=self._binary("kubectl"),
            kubeconfig=self._kubeconfig,
            folder=self._private,
            env=self._environment(),
        )

    def _create(self) -> None:
        image, commands = self._plan.image, self._commands()
        if not image.held:
            self._say(f"pulling {image.reference}")
            self._engine.pull(image.reference, timeout_s=self._timeouts.image_pull)
        policies = policy_engine(self._engine, image.reference)
        config = self._private / "kind.yaml"
        config.write_text(yaml.safe_dump(cluster_config(self._name, self._mounted(), policies), sort_keys=False))
        self._note_plan(policies)
        loading = self._loader(commands, images_to_load(policies, self._components))
        with loading.beside():
            self._creating = True
            try:
                commands.create(image.reference, config, timeout_s=self._timeouts.kind_cluster)
                self._creating = False
            except ProcessError as error:
                # Killed at the deadline, nobody heard more of it than after Ctrl-C.
                self._creating = isinstance(error, DeadlineError)
                raise ProviderError(
                    f"the Kind cluster did not come up: {error}",
                    hint="the node's own logs are below; `docker info` says what the engine can do",
                    log=self._logs / "kind",
                ) from error
        self._notes += [f"{self._platform}: {said}" for said in loading.notes]

    def _load_again(self) -> None:
        """Load what this run starts in a kept cluster, which may be another release; `kind` skips what the node has."""
        loading = self._loader(self._commands(), images_to_load("", self._components))  # its policy engine runs
        loading.load(kept=True)
        self._notes += [f"{self._platform}: {said}" for said in loading.notes]

    def _loader(self, commands: ClusterCommands, images: Sequence[str]) -> Loading:
        self._loading = Loading(self._engine, commands, self._node, images, self._timeouts)
        return self._loading

    def _mounted(self) -> Path:
        """Return the folder that the node sees as /conformance."""
        node = self._home / "node"
        audit = node / "audit"
        audit.mkdir(parents=True, exist_ok=True)
        # The API server, which is root there, writes to a file of this user.
        (audit / "audit.log").touch(mode=0o600)
        for source in (kind_data() / "patches", kind_data() / "cni", data_dir("fixtures") / "audit"):
            shutil.copytree(source, node / "config" / source.name, dirs_exist_ok=True)
        return node

    def _note_plan(self, policies: str) -> None:
        image = self._plan.image.reference
        made_here = "" if "@" in image else f", made on this machine ({self._engine.image_id(image)})"
        self._notes.append(f"{self._platform}: node {image}{made_here}; NetworkPolicies are enforced by {policies}")

    def _complete(self, client: KubeClient) -> None:
        """Add the policy engine, and wait until Pods can be scheduled and policies have somebody who reads them."""
        config = yaml.safe_load((self._private / "kind.yaml").read_text())
        policies = KUBE_ROUTER if config["networking"].get("disableDefaultCNI") else KINDNET
        if policies == KUBE_ROUTER:
            kind_inside.add_kube_router(client)
        kind_inside.wait_schedulable(client, self._node, timeout_s=self._timeouts.kind_cluster)
        kind_inside.wait_policies(client, policies, timeout_s=self._timeouts.kind_cluster)
        if self._keep:
            reusing.remember(client, self._home / BASELINE)

    def _cluster(self, client: KubeClient, host: PodHost) -> Cluster:
        return Cluster(
            name=self._platform,
            kubeconfig=self._kubeconfig,
            client=client,
            server=_SERVER,
            gateway=self._gateway,
            gateway_name=kind_inside.GATEWAY_NAME,
            version=client.version(),
            capabilities=OWN
            | {Capability.FLUX_PROCESSES, Capability.AUDIT_LOG, Capability.NODES, Capability.NETWORK_POLICY},
            audit=self._audit,
            logs=self._logs,
            host=host,
            argument_changes=(),
            notes=tuple(self._notes),
            rerun="--provider kind",
            stays=self._keep,
        )
