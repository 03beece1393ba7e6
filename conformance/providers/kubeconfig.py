"""The kubeconfig of a controller's process: a token of its ServiceAccount, in place of the mounted one."""

from pathlib import Path

import yaml

from conformance.kube.client import KubeClient
from conformance.model import Manifest


def write_kubeconfig(client: KubeClient, namespace: str, account: str, folder: Path) -> Path:
    """Write a kubeconfig with a fresh token of a ServiceAccount into a folder, for nobody else to read."""
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(_kubeconfig(client, account, client.token(namespace, account))))
    return path


def _kubeconfig(client: KubeClient, user: str, token: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": client.host, "certificate-authority": str(client.ca_file)}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": user}}],
        "current-context": "c",
    }
