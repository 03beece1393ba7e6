"""The container engine, by its own command line: networks, nodes and images; each call has a deadline.

DOCKER_HOST and the user's contexts choose the engine, as they do for `kind` itself.
"""

import contextlib
import json
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.errors import DeadlineError, InputError, ProcessError, ProviderError
from conformance.kube.wait import consistently, eventually
from conformance.process import run
from conformance.settings import environment

ANSWER_S = 20.0
"""One question; seen under 0.2 s, on a busy machine up to 3 s."""
CHANGE_S = 60.0
"""A network or container made or removed; seen under 1 s."""
COMING_S = 15.0
"""A container that was asked for and is not listed yet: 1 GB of a node image is copied into its volume first."""
CLUSTER_LABEL = "io.x-k8s.kind.cluster"
"""Label of every node container, with the cluster's name (sigs.k8s.io/kind pkg/cluster/internal/providers/docker)."""
NETWORK_GONE = re.compile(r"No such network|network \S+ not found")
"""What docker says of a network that is not there, in older and in newer words."""
_CONTAINER_GONE = re.compile(r"[Nn]o such (?:container|object)")
_MTU, _USUAL_MTU = "com.docker.network.driver.mtu", "1500"
_START = "start it, or set DOCKER_HOST to one that runs; `make kind-lab` brings one up on Debian without registries"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What the engine says of its machine."""

    id: str
    """Its own name for itself; empty where it has none."""
    version: str
    kernel: str
    memory_bytes: int
    cpus: int
    cgroups: str
    """`1` or `2`."""
    name: str = ""
    """The name of its machine."""
    system: str = ""
    """In words, such as `Docker Desktop`."""
    rootless: bool = False
    storage: str = ""
    """The folder of its machine where images and containers lie."""


class Engine:
    """One container engine that understands docker's command line."""

    def __init__(self, binary: Path, answer_s: float = ANSWER_S) -> None:
        self._binary = binary
        self._answer_s = answer_s

    @classmethod
    def find(cls, *, answer_s: float = ANSWER_S) -> "Engine":
        """Return the engine that `docker` on PATH speaks to; whether it answers is not known yet.

        Args:
            answer_s: deadline of each question.

        Raises:
            InputError: there is no such command.
        """
        found = shutil.which("docker", path=environment().get("PATH"))
        if found is None:
            raise InputError(
                "--flux-provider kind needs a container engine, and there is no `docker` on PATH",
                hint="install Docker Engine, or certify with --flux-provider embedded, which needs none",
            )
        return cls(Path(found), answer_s)

    def facts(self) -> EngineFacts:
        """Ask the engine about its machine.

        Raises:
            InputError: it does not answer.
        """
        try:
            said = json.loads(self._ask("info", "--format", "{{json .}}"))
        except (ProcessError, ValueError) as error:
            raise InputError(f"the container engine does not answer: {error}", hint=_START) from error
        if problems := said.get("ServerErrors"):
            raise InputError(f"the container engine does not answer: {problems[0]}", hint=_START)
        if "ServerVersion" not in said:  # podman's own words for the same question
            raise InputError(
                "`docker` here is not Docker's: what it says of its engine is not what Docker Engine says",
                hint="podman's stand-in will not do: set PATH and DOCKER_HOST to Docker Engine, or certify with "
                "--flux-provider embedded",
            )
        return EngineFacts(
            id=str(said.get("ID") or ""),
            version=str(said.get("ServerVersion", "")),
            kernel=str(said.get("KernelVersion", "")),
            memory_bytes=int(said.get("MemTotal", 0)),
            cpus=int(said.get("NCPU", 0)),
            cgroups=str(said.get("CgroupVersion") or "1"),
            name=str(said.get("Name") or ""),
            system=str(said.get("OperatingSystem") or ""),
            storage=str(said.get("DockerRootDir") or ""),
            rootless=any("name=rootless" in option.split(",") for option in said.get("SecurityOptions") or []),
        )

    def endpoint(self) -> str:
        """Return where the engine listens, such as `unix:///var/run/docker.sock`; empty where nobody says."""
        return self._told("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")

    def components(self) -> str:
        """Return the names of the engine's parts, a line for each; empty where it does not say."""
        return self._told("version", "--format", "{{range .Server.Components}}{{println .Name}}{{end}}")

    def bridge(self) -> str:
        """Return the IPv4 gateway of the engine's own network; empty where it has none, or does not say."""
        try:
            return self.gateway("bridge")
        except ProviderError:
            return ""

    def _told(self, *words: str) -> str:
        try:
            return self._ask(*words).strip()
        except ProcessError:
            return ""  # an older one may not know the question

    def image_id(self, image: str) -> str:
        """Return the id of an image that the engine holds; empty when it does not."""
        try:
            return self._ask("image", "inspect", "--format", "{{.Id}}", image).strip()
        except ProcessError as error:
            if "No such image" in str(error) or "no such image" in str(error):
                return ""
            raise ProviderError(
                f"the container engine does not say whether it holds {image}: {error}",
                hint=f"docker image inspect {image}",
            ) from error

    def was_pulled(self, image: str) -> bool:
        """Whether an image came from a registry, which gave it a digest; False of one that was made here."""
        return bool(json.loads(self._ask("image", "inspect", "--format", "{{json .RepoDigests}}", image)))

    def tags(self, repository: str) -> list[str]:
        """Return the tags under which the engine holds images of a repository."""
        said = self._ask("image", "ls", "--format", "{{.Tag}}", repository)
        return [tag for tag in said.split() if tag != "<none>"]

    def pull(self, image: str, *, timeout_s: float) -> None:
        """Pull an image.

        Raises:
            ProviderError: the registry does not give it, or not in time.
        """
        try:
            self._run(["pull", "--quiet", image], timeout_s)
        except ProcessError as error:
            raise ProviderError(
                f"the container engine does not hold {image}, and cannot pull it: {error}",
                hint="let the engine reach the registry, `docker load` the image, or make it with `make kind-lab`",
            ) from error

    def make_network(self, name: str, labels: Mapping[str, str]) -> str:
        """Make a bridge network; return its gateway, an address of the engine's machine.

        Raises:
            ProviderError: it cannot be made.
        """
        words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
        try:
            self._run(["network", "create", "--driver", "bridge", *self._mtu(), *words, name], CHANGE_S)
        except ProcessError as error:
            hint = "`docker network ls` shows the networks; `docker network prune` removes those that nobody uses"
            raise ProviderError(f"the container engine cannot make the network {name}: {error}", hint=hint) from error
        return self.gateway(name)

    def _mtu(self) -> list[str]:
        """Return the option that gives a network the MTU of the engine's own, where somebody set one.

        The engine does not pass it on, and larger packets are lost on the way; `kind` does the same for its network
        (sigs.k8s.io/kind v0.33.0 pkg/cluster/internal/providers/docker/network.go, getDefaultNetworkMTU).
        """
        try:
            said = self._ask("network", "inspect", "--format", f'{{{{index .Options "{_MTU}"}}}}', "bridge").strip()
        except ProcessError:
            return []  # an engine may have no network of its own
        return ["--opt", f"{_MTU}={said}"] if said.isdecimal() and said not in ("0", _USUAL_MTU) else []

    def gateway(self, network: str) -> str:
        """Return the gateway of a network.

        Raises:
            ProviderError: there is no such network, or it has none.
        """
        try:
            pools = json.loads(self._ask("network", "inspect", "--format", "{{json .IPAM.Config}}", network))
        except (ProcessError, ValueError) as error:
            hint = f"docker network inspect {network}"
            raise ProviderError(f"the container network {network} cannot be read: {error}", hint=hint) from error
        gateways = [str(pool.get("Gateway") or "") for pool in pools or []]
        found = [address for address in gateways if address and ":" not in address]
        if not found:
            raise ProviderError(
                f"the container network {network} has no IPv4 gateway: {pools}",
                hint="give the engine an IPv4 pool: default-address-pools in its daemon.json",
            )
        return found[0]

    def networks(self, label: str) -> list[tuple[str, Mapping[str, str]]]:
        """Return name and labels of the networks that have a label (`key` or `key=value`)."""
        names = self._ask("network", "ls", "--filter", f"label={label}", "--format", "{{.Name}}").split()
        return [(name, found) for name in names if (found := self._labels(name)) is not None]

    def remove_network(self, name: str) -> None:
        """Remove a network; harmless when it is gone.

        Raises:
            ProviderError: it cannot be removed.
        """
        self._remove(["network", "rm", name], f"network {name}")

    def nodes(self, cluster: str) -> list[str]:
        """Return the names of the node containers of a Kind cluster, running or not."""
        label = f"label={CLUSTER_LABEL}={cluster}"
        return self._ask("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()

    def unstarted(self) -> set[str]:
        """Return the Kind clusters that have a node which was made and never started."""
        return self._clusters("--filter", "status=created")

    def clusters(self) -> set[str]:
        """Return the Kind clusters that have a node, running or not, whoever made them."""
        return self._clusters()

    def _clusters(self, *chosen: str) -> set[str]:
        label = f'{{{{.Label "{CLUSTER_LABEL}"}}}}'
        return set(self._ask("ps", "--all", *chosen, "--filter", f"label={CLUSTER_LABEL}", "--format", label).split())

    def network_names(self) -> set[str]:
        """Return the names of all networks, whoever made them."""
        return set(self._ask("network", "ls", "--format", "{{.Name}}").split())

    def remove_nodes(self, cluster: str, *, coming: bool = False) -> None:
        """Remove the node containers of a Kind cluster with their volumes; harmless when they are gone.

        Args:
            coming: whoever was making one was killed. The engine goes on all the same, and lists a container only when
                its volumes are filled: where none is seen, one is waited for.

        Raises:
            ProviderError: one cannot be removed.
            WaitTimeout: somebody else is removing one, and does not come to an end.
        """
        nodes = self.nodes(cluster)
        if coming and not nodes:
            nodes = consistently(lambda: self.nodes(cluster), lambda found: not found, for_s=COMING_S) or []
        for node in nodes:
            if not self._remove(["rm", "--force", "--volumes", node], f"node {node}"):
                self._until_gone(cluster, node)

    def runs(self, node: str) -> bool:
        """Whether a node's container is there and runs.

        Raises:
            ProviderError: the engine does not say.
        """
        try:
            return self._ask("container", "inspect", "--format", "{{.State.Running}}", node).strip() == "true"
        except ProcessError as error:
            if _CONTAINER_GONE.search(str(error)):
                return False
            raise ProviderError(
                f"the container engine does not say whether {node} runs: {error}",
                hint=f"docker container inspect {node}",
            ) from error

    def copy_in(self, source: Path, node: str, target: str) -> None:
        """Copy a file or folder of this machine to a path of a node."""
        self._run(["cp", str(source), f"{node}:{target}"], CHANGE_S)

    def in_node(self, node: str, argv: Sequence[str], *, timeout_s: float = ANSWER_S) -> str:
        """Run a command in a node, as root; return its output.

        Raises:
            ProcessError: it failed, or ran into the deadline.
        """
        return self._run(["exec", node, *argv], timeout_s)

    def in_image(self, image: str, argv: Sequence[str], *, timeout_s: float = CHANGE_S) -> str:
        """Run a command in a privileged container of an image, without a network, and remove it; return its output.

        Raises:
            ProcessError: it failed, or ran into the deadline.
        """
        name = f"conformance-{secrets.token_hex(4)}"
        words = ["run", "--rm", f"--name={name}", "--privileged", "--network=none", f"--entrypoint={argv[0]}"]
        try:
            return self._run([*words, image, *argv[1:]], timeout_s)
        except (DeadlineError, KeyboardInterrupt):
            # The engine removes it when it ends; one that nobody started any more does not end.
            with contextlib.suppress(ProcessError):
                self._run(["rm", "--force", "--volumes", name], self._answer_s)
            raise

    def _labels(self, network: str) -> Mapping[str, str] | None:
        try:
            found: Any = json.loads(self._ask("network", "inspect", "--format", "{{json .Labels}}", network))
        except ProcessError as error:
            if NETWORK_GONE.search(str(error)):
                return None  # meanwhile
            # A slow engine has it all the same: whoever took it for gone would forget what is kept.
            raise ProviderError(
                f"the container engine does not say whose network {network} is: {error}",
                hint=f"docker network inspect {network}",
            ) from error
        return dict(found or {})

    def _remove(self, words: Sequence[str], what: str) -> bool:
        """Remove it; return whether it is gone: else somebody else is about to do the same."""
        try:
            self._run(words, CHANGE_S)
        except ProcessError as error:
            if "No such" in str(error) or "not found" in str(error):
                return True
            if "already in progress" in str(error):
                return False
            hint = f"remove it by hand: docker {' '.join(words)}"
            raise ProviderError(f"the container engine cannot remove the {what}: {error}", hint=hint) from error
        return True

    def _until_gone(self, cluster: str, node: str) -> None:
        what = f"the node {node}, which somebody else is removing, is gone"
        eventually(lambda: node in self.nodes(cluster), lambda there: not there, timeout_s=CHANGE_S, what=what)

    def _ask(self, *words: str) -> str:
        return self._run(words, self._answer_s)

    def _run(self, words: Sequence[str], timeout_s: float) -> str:
        return run([self._binary, *words], timeout_s=timeout_s, env=environment()).stdout
