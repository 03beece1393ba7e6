"""What a run on Kind will be made of, decided before anything is changed: node image, policy engine, images to load."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from conformance.errors import InputError, ProcessError, ProviderError
from conformance.providers.arguments import OPERATOR
from conformance.providers.engine import Engine, EngineFacts
from conformance.providers.engine_place import require_here
from conformance.providers.kind_cluster import require_pytest_kind
from conformance.providers.reaping import reap, require_kept
from conformance.settings import data_dir

GIB = 2**30
MIN_MEMORY_BYTES = 7 * GIB // 2
"""What a machine of nominal 4 GiB has at least, once its firmware and kernel took theirs; seen 3.8 GiB."""
MIN_FREE_BYTES = 11 * GIB // 4
"""API server, etcd, six controllers and some sixty Pods; seen 2.7 GiB."""
MIN_KERNEL = (4, 19)
"""The oldest that kubeadm's preflight accepts (k8s.io/system-validators v1.12 validators/types_unix.go)."""
KINDNET, KUBE_ROUTER = "kindnet", "kube-router"
_NFT_QUEUE = (
    "nft add table inet conformance && nft add chain inet conformance c '{ type filter hook forward priority 0; }' && "
    "nft add rule inet conformance c queue num 100"
)
_EMBEDDED = "or certify with --flux-provider embedded"
_VERSION_FILE = "/kind/version"
"""In a node: the version of its Kubernetes (sigs.k8s.io/kind pkg/cluster/nodeutils, KubeVersion)."""
_VERSION = re.compile(r"v?(\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeImage:
    """The image of the cluster's node."""

    reference: str
    """With a digest, except of an image that was made on this machine."""
    held: bool
    """The engine has it; otherwise it is pulled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPlan:
    """The input of a run on Kind, checked."""

    engine: Engine
    facts: EngineFacts
    image: NodeImage
    keep: bool = False
    reuse: str = ""
    """Name of a kept cluster to take; empty: make one."""


def kind_data() -> Path:
    """Return the folder with the configuration of Kind clusters."""
    return data_dir("fixtures") / "kind"


def examine(
    engine: Engine,
    kubernetes_version: str,
    *,
    keep: bool = False,
    reuse: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> KindPlan:
    """Check everything that a run on Kind needs of this machine; nothing is changed.

    Where memory is short, what killed runs left in the engine is ended first: it may be what takes it.

    Args:
        kubernetes_version: `1.36` or `v1.36.4`; empty: the default of node-images.yaml.
        reuse: name of a kept cluster; with it the version has to be that of the cluster.
        say: receives a line for each cluster of a killed run that is ended.

    Raises:
        InputError: no pytest-kind, an engine that does not answer, is too small or elsewhere, no such version or
            cluster, a cluster that another run uses, or that does not run.
        ProviderError: the engine does not remove what a killed run left.
    """
    require_pytest_kind()
    facts = engine.facts()
    require_kernel(facts)
    require_here(engine, facts)
    require_memory(facts)
    if not reuse:  # a kept cluster has its share already
        if psutil.virtual_memory().available < MIN_FREE_BYTES:
            reap(engine, say)
        require_free_memory()
    if reuse:
        require_kept(engine, reuse)
        _require_running(engine, reuse)
        _require_version(engine, reuse, kubernetes_version)
    image = choose_image(engine, "" if reuse else kubernetes_version)  # a kept cluster has its own
    return KindPlan(engine=engine, facts=facts, image=image, keep=keep, reuse=reuse)


def require_kernel(facts: EngineFacts) -> None:
    """Check the engine's kernel; raises InputError."""
    kernel = tuple(int(part) for part in re.findall(r"\d+", facts.kernel)[:2])
    if kernel < MIN_KERNEL:
        raise InputError(
            f"the container engine runs on the kernel {facts.kernel or '(unknown)'}; nodes need 4.19 or newer",
            hint=f"use an engine on a newer kernel, {_EMBEDDED}",
        )


def require_memory(facts: EngineFacts) -> None:
    """Check the memory of the engine's machine; raises InputError."""
    if facts.memory_bytes < MIN_MEMORY_BYTES:
        raise InputError(
            f"the container engine has {facts.memory_bytes / GIB:.1f} GiB of memory, and a cluster with its tenants "
            "needs 4",
            hint=f"give the engine's machine more memory, {_EMBEDDED}",
        )


def require_free_memory() -> None:
    """Check what is left of this machine's memory, which is the engine's too; raises InputError."""
    left = psutil.virtual_memory().available
    if left < MIN_FREE_BYTES:
        raise InputError(
            f"{left / GIB:.1f} GiB of this machine's memory are free, and a cluster with its tenants takes 2.7",
            hint=f"end what else runs here (`docker ps` shows other clusters), {_EMBEDDED}",
        )


def _require_running(engine: Engine, cluster: str) -> None:
    node = engine.nodes(cluster)[0]
    if not engine.runs(node):
        raise InputError(
            f"--flux-reuse '{cluster}': its node {node} does not run",
            hint=f"`docker start {node}` starts it, as after a reboot; or start without --flux-reuse",
        )


def _require_version(engine: Engine, cluster: str, wanted: str) -> None:
    if not wanted:
        return
    node = engine.nodes(cluster)[0]
    try:
        has = engine.in_node(node, ["cat", _VERSION_FILE]).strip()
    except ProcessError as error:
        raise InputError(
            f"--flux-reuse '{cluster}': its node does not say its version: {error}",
            hint=f"does {node} run? `docker start {node}` starts it",
        ) from error
    match = _VERSION.fullmatch(wanted)
    if not _is(has, match[1] if match else ""):
        raise InputError(
            f"--flux-reuse '{cluster}': its node runs Kubernetes {has}, and "
            f"--flux-kubernetes-version asks for {wanted}",
            hint="leave that option out, or start without --flux-reuse",
        )


def choose_image(engine: Engine, wanted: str) -> NodeImage:
    """Return the node image of a Kubernetes version: pinned by digest, or one that was made on this machine.

    Raises:
        InputError: neither is there.
    """
    data = yaml.safe_load((kind_data() / "node-images.yaml").read_text())
    repository, pinned = str(data["repository"]), data["images"]
    match = _VERSION.fullmatch(wanted or data["default"])
    version = match[1] if match else ""
    references = [f"{repository}:{tag}@{digest}" for tag, digest in pinned.items() if _is(tag, version)]
    for reference in references:
        if engine.image_id(reference):
            return NodeImage(reference=reference, held=True)
    made_here = [f"{repository}:{tag}" for tag in engine.tags(repository) if _is(tag, version)]
    for reference in sorted(made_here, reverse=True):
        if not engine.was_pulled(reference):
            return NodeImage(reference=reference, held=True)
    if not references:
        raise InputError(
            f"no node image is known for Kubernetes '{wanted}'",
            hint=f"known: {', '.join(sorted(pinned))}; another one by `kind build node-image --image "
            f"{repository}:<version>` on this machine",
        )
    return NodeImage(reference=references[0], held=False)


def _is(tag: str, version: str) -> bool:
    """Whether a tag is a version, or the newest known patch of a minor one."""
    return bool(version) and (tag == f"v{version}" or tag.startswith(f"v{version}."))


def policy_engine(engine: Engine, image: str) -> str:
    """Return what will enforce NetworkPolicies: Kind's own engine where the kernel has the nft queue that it needs.

    It is tried in a container, on the engine's own kernel.
    """
    try:
        engine.in_image(image, ["sh", "-c", _NFT_QUEUE])
    except ProcessError:
        return KUBE_ROUTER
    return KINDNET


def images_to_load(policies: str, components: Mapping[str, str]) -> Sequence[str]:
    """Return what is started in the cluster besides the node's own, Flux first.

    Args:
        policies: the policy engine.
        components: Flux's controllers and their versions, and the Flux Operator's on its route.
    """
    listed = yaml.safe_load((kind_data() / "images.yaml").read_text())["images"]
    return [
        *flux_images(components).values(),
        *(entry["image"] for entry in listed if entry["when"] in ("always", policies)),
    ]


def flux_images(components: Mapping[str, str]) -> Mapping[str, str]:
    """Return the image of each controller, and of the Flux Operator if it is among the components."""
    controllers = {name: version for name, version in components.items() if name.endswith("-controller")}
    found = {name: f"ghcr.io/fluxcd/{name}:{version}" for name, version in controllers.items()}
    if OPERATOR in components:
        found[OPERATOR] = f"ghcr.io/controlplaneio-fluxcd/{OPERATOR}:{components[OPERATOR]}"
    return found


def cluster_config(name: str, node: Path, policies: str) -> Mapping[str, Any]:
    """Return the configuration of a cluster for `kind create cluster --config`.

    Args:
        name: of the cluster.
        node: the folder of this machine that the node gets as /conformance.
        policies: the policy engine.

    Raises:
        ProviderError: fixtures/kind/cluster.yaml is not there; the installation is broken.
    """
    source = kind_data() / "cluster.yaml"
    try:
        config: dict[str, Any] = yaml.safe_load(source.read_text())
    except OSError as error:
        raise ProviderError(f"cannot read {source}: {error.strerror}", hint="install the package anew") from error
    mounts = [{"hostPath": str(node), "containerPath": "/conformance"}]
    if policies == KUBE_ROUTER:
        config["networking"]["disableDefaultCNI"] = True
        file = "00-conformance.conflist"
        mounts.append({"hostPath": str(node / "config" / "cni" / file), "containerPath": f"/etc/cni/net.d/{file}"})
    config["nodes"][0]["extraMounts"] = mounts
    return {**config, "name": name}
