"""Credentials of tenants' repositories, as Flux reads them: a token over HTTP, or a deploy key over SSH."""

from conformance.model import Manifest
from conformance.repos.git_server import GitServer
from conformance.repos.probes import AuthSecret


def credential_secret(git: GitServer, secret: AuthSecret) -> Manifest:
    """Return the Secret for a repository of the suite's server, with the entries that source-controller expects.

    It is not made by `flux create secret git`: that takes a password on its command line, in sight of `ps`.
    """
    metadata = {"name": secret.name, "namespace": secret.namespace}
    data = _deploy_key(git, secret.url) if secret.url.startswith("ssh://") else _token(git, secret.url)
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def _token(git: GitServer, url: str) -> dict[str, str]:
    credential = git.credential(url.removeprefix(f"{git.url}/"))
    return {"username": credential.username, "password": credential.password}


def _deploy_key(git: GitServer, url: str) -> dict[str, str]:
    key = git.ssh.deploy_key(url.removeprefix(f"{git.ssh.url}/"))
    return {"identity": key.identity, "identity.pub": key.public, "known_hosts": git.ssh.known_hosts}
