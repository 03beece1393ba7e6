"""A platform of the suite's own, looked at as an existing cluster: its identities, and runs of the command."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.bootstrap.bring_up import Order, running_platform
from conformance.bootstrap.platform import Platform
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, is_ready, pick, ref_to
from conformance.kube.wait import eventually, object_until
from conformance.model import Environment, Outcome, Route
from conformance.progress import PhaseClock
from conformance.providers.embedded import EmbeddedProvider
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report
from conformance.repos.fleet import load_fleet
from conformance.runs import RunFolder
from conformance.settings import Timeouts, data_dir, environment
from support.planted import API_SERVER, DNS, dns_server

READS = {"get", "list", "watch"}
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Looked:
    """How a command ended."""

    code: int
    said: str
    folder: Path

    @property
    def report(self) -> ConformanceReport:
        return load_report(self.folder)

    def outcomes(self, check: str) -> list[Outcome]:
        return [row.result for row in self.report.results if row.id == check]


@contextlib.contextmanager
def running(
    run_id: str,
    folder: RunFolder,
    binary: Callable[[str], Path],
    report: Path,
    tenant: str,
    *,
    env: Environment = Environment.STAGING,
    route: Route = Route.CLI,
) -> Iterator[Platform]:
    """A platform with one tenant that Git does not name."""
    order = Order(
        environment=env,
        name=str(env),
        fleet=load_fleet(data_dir("fleet-repo"), [env], route),
        tenant_repo=data_dir("tenant-repo"),
        probes=[tenant],
        provider=EmbeddedProvider(folder=folder, name="c", binary=binary, logs=report, timeouts=Timeouts()),
        binary=binary,
        all_binaries=lambda: None,
        folder=folder.sub("ground"),
        report=report,
        logs=report,
        run_id=run_id,
        flux_version="2.9.2",
        timeouts=Timeouts(),
        clock=PhaseClock(print),
        redactor=str,
        secrets=[],
        notes=[],
    )
    with running_platform(order) as made:
        yield made


def fleet_of(platform: Platform, folder: Path) -> Path:
    """The reference fleet with the addresses that the cluster's allowlist has."""
    subprocess.run(["cp", "-r", str(data_dir("fleet-repo")), str(folder)], check=True)
    profile = yaml.safe_load((folder / "conformance.yaml").read_text())
    for kind in ("git", "oci"):
        profile["addresses"][kind] = platform.addresses[profile["addresses"][kind]]
    (folder / "conformance.yaml").write_text(yaml.safe_dump(profile))
    return folder


def wait_until_settled(platform: Platform) -> None:
    """Wait until nothing more comes by itself: the tenants' releases, and the Pods of their Deployments."""
    eventually(lambda: _settled(platform), bool, timeout_s=60, what="the fleet's own releases are there")


def _settled(platform: Platform) -> bool:
    releases = platform.client.objects("helm.toolkit.fluxcd.io/v2", "HelmRelease")
    found = platform.client.objects("apps/v1", "Deployment")
    placed = [pick(one, "status", "replicas") == pick(one, "spec", "replicas") for one in found]
    return len(releases) >= len(platform.tenants) and all(is_ready(one) for one in releases) and all(placed)


def everything(platform: Platform) -> set[tuple[str, str, str, str]]:
    """Kind, namespace, name and uid of every object but Events: listed by the test itself."""
    found = set()
    for version, kind in platform.client.listable():
        if kind in ("Event", "ComponentStatus"):
            continue
        with contextlib.suppress(ApiError):
            for one in platform.client.objects(version, kind):
                metadata = one["metadata"]
                found.add((kind, metadata.get("namespace", ""), metadata["name"], metadata["uid"]))
    return found


def as_nodes_have_it(platform: Platform) -> None:
    """Lay what clusters with nodes have, and the embedded one has not: DNS, an API server at its usual port."""
    for one in (dns_server("kube-dns"), DNS, API_SERVER):
        platform.client.apply(one)
    assert has_address(platform, "kube-dns")
    host = {"status": {"hostIP": "10.0.4.7", "hostIPs": [{"ip": "10.0.4.7"}]}}
    for pod in platform.client.objects("v1", "Pod", namespace=platform.flux_namespace):
        platform.client.patch(Ref.of(pod), host, subresource="status")


def has_address(platform: Platform, label: str) -> bool:
    """Whether a DNS server of this label has got an address, within a while."""
    pod = ref_to(f"Pod/dns-{label}", "kube-system")
    return object_until(platform.client, pod, lambda one: bool(pick(one, "status", "podIP")), timeout_s=30)[1]


def role(platform: Platform, name: str) -> dict[str, Any]:
    """Apply one of the shipped ClusterRoles."""
    found: dict[str, Any] = yaml.safe_load((data_dir("fixtures") / "existing" / f"{name}.yaml").read_text())
    platform.client.apply(found)
    return found


def role_without(platform: Platform, name: str, *resources: str) -> dict[str, Any]:
    """Apply one of the shipped ClusterRoles without its rights to some kinds, under a name of its own."""
    found = role(platform, name)
    rules = [
        {**rule, "resources": [one for one in rule["resources"] if one not in resources]} for rule in found["rules"]
    ]
    short = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": {"name": f"{name}-short"}}
    made = {**short, "rules": [rule for rule in rules if rule["resources"]]}
    platform.client.apply(made)
    return made


def bind(platform: Platform, found: dict[str, Any], *accounts: tuple[str, str]) -> None:
    """Bind a ClusterRole to accounts, given as namespace and name."""
    name = found["metadata"]["name"]
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": where} for where, account in accounts]
    platform.client.apply(
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
            "subjects": subjects,
        }
    )


def kubeconfig(platform: Platform, accounts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A context for each account, one that nobody knows, and a current-context that leads to no server."""
    client = platform.client
    server = {"server": client.host, "certificate-authority": str(client.ca_file)}
    users = []
    for namespace, name in accounts:
        metadata = {"name": name, "namespace": namespace}
        client.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        users.append({"name": name, "user": {"token": client.token(namespace, name)}})
    users.append({"name": "stranger", "user": {"token": "not-a-token"}})
    contexts = [{"name": one["name"], "context": {"cluster": "there", "user": one["name"]}} for one in users]
    contexts.append({"name": "gone", "context": {"cluster": "gone", "user": accounts[0][1]}})
    clusters = [{"name": "there", "cluster": server}, {"name": "gone", "cluster": {"server": "https://127.0.0.1:1"}}]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "users": users,
        "contexts": contexts,
        "current-context": "gone",
    }


def written(config: dict[str, Any], folder: Path) -> Path:
    """The kubeconfig as a file that nobody may write."""
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o400)
    return path


def command(context: str, report: Path, *words: str) -> list[str]:
    """The words of a look at an existing cluster."""
    argv = [sys.executable, "-m", "conformance", "run", "--provider", "existing", "--report", str(report)]
    return [*argv, *(["--context", context] if context else []), *words]


def look(config: Path, report: Path, context: str, *words: str) -> Looked:
    """Run the command to its end."""
    env = {**environment(), "KUBECONFIG": str(config)}
    argv = command(context, report, *words)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=150, env=env, check=False)
    return Looked(done.returncode, done.stdout + done.stderr, report)


def logged(folder: RunFolder) -> list[dict[str, Any]]:
    """The raw lines of the API server's audit log, the reads among them."""
    logs = [path for path in folder.path.rglob("audit*.log") if path.parent.name == "logs"]
    return [json.loads(line) for log in logs for line in log.read_text().splitlines() if line.endswith("}")]
