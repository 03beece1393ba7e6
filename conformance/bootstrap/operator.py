"""Bootstrap by the Flux Operator: the operator itself, then the FluxInstance of the fleet (docs/adr/0023)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.bootstrap.operator_install import Installer
from conformance.errors import BootstrapError, ProcessError
from conformance.kube.client import KubeClient
from conformance.kube.objects import pick, ref_to
from conformance.kube.wait import object_until
from conformance.model import Manifest
from conformance.process import RUN_ID_VARIABLE, run
from conformance.providers.arguments import OPERATOR
from conformance.repos.flux_instance import NAME, FluxInstance
from conformance.settings import environment

_LOG_LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxOperator:
    """Implements `Bootstrap` with the operator and the fleet's FluxInstance."""

    kubectl: Path
    operator: Installer
    """Of the operator itself."""
    instance: FluxInstance
    """As it was pushed."""
    namespace: str
    client: KubeClient
    log: Callable[[], str]
    """What the operator wrote to its log."""
    home: Path
    timeout_s: float
    run_id: str

    @property
    def name(self) -> str:
        """What the phase is called."""
        return "flux operator"

    @property
    def note(self) -> str:
        """What the operator is installed from."""
        return self.operator.note

    def install(self, *, kubeconfig: Path, username: str, password: str) -> None:
        """Install the operator, give it the credential of the fleet and the FluxInstance; wait until that is Ready.

        Raises:
            BootstrapError: with what the operator said last.
        """
        try:
            self.operator.install(kubeconfig, self.namespace)
            if self.instance.pull_secret:
                secret = self._credential(username, password)
                self._kubectl(kubeconfig, "apply", "--server-side", "-f", "-", stdin=secret)
            self._kubectl(kubeconfig, "rollout", "status", f"deployment/{OPERATOR}", f"--timeout={self.timeout_s:.0f}s")
            self._kubectl(kubeconfig, "apply", "--server-side", "-f", self.instance.path)
        except ProcessError as error:
            raise self._failed(f"cannot be installed: {error}") from error
        self._wait_ready()

    def progress(self) -> str:
        """Say what the FluxInstance says of itself, and which controllers are not there yet."""
        live = self.client.find(ref_to(f"FluxInstance/{NAME}", self.namespace))
        if live is None:
            return f"{OPERATOR} is being installed"
        deployments = self.client.objects("apps/v1", "Deployment", namespace=self.namespace)
        absent = [one["metadata"]["name"] for one in deployments if not pick(one, "status", "readyReplicas")]
        return f"{_said(live)}; not available: {', '.join(absent) or 'none'}"

    def _wait_ready(self) -> None:
        ref = ref_to(f"FluxInstance/{NAME}", self.namespace)
        state, _ = object_until(self.client, ref, _is_settled, timeout_s=self.timeout_s)
        if not _is_ready(state):
            raise self._failed(f"{ref} was not Ready within {self.timeout_s:g} s: {_said(state)}")

    def _failed(self, what: str) -> BootstrapError:
        lines = [f"  | {line}" for line in self.log().splitlines() if '"level":"error"' in line][-_LOG_LINES:]
        return BootstrapError(
            "\n".join([f"the bootstrap by the Flux Operator failed: {what}", *lines]),
            hint=f"{OPERATOR}.log and the controllers' logs are in the report's logs folder",
        )

    def _credential(self, username: str, password: str) -> str:
        metadata = {"name": self.instance.pull_secret, "namespace": self.namespace}
        data = {"username": username, "password": password}
        return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})

    def _kubectl(self, kubeconfig: Path, *words: str | Path, stdin: str | None = None) -> None:
        env = {"PATH": environment()["PATH"], "HOME": str(self.home), RUN_ID_VARIABLE: self.run_id}
        argv: list[str | Path] = [self.kubectl, "--kubeconfig", kubeconfig, "--namespace", self.namespace, *words]
        run(argv, timeout_s=self.timeout_s + 5, env=env, stdin=stdin)


def _condition(state: Manifest | None, kind: str) -> Mapping[str, Any]:
    conditions = pick(state, "status", "conditions") or []
    return next((one for one in conditions if one["type"] == kind), {})


def _is_ready(state: Manifest | None) -> bool:
    ready = _condition(state, "Ready")
    current = ready.get("observedGeneration") == pick(state, "metadata", "generation")
    return bool(current and ready.get("status") == "True")


def _is_settled(state: Manifest | None) -> bool:
    """Whether it is Ready, or never will be: what cannot be built is not tried again."""
    return _is_ready(state) or _condition(state, "Stalled").get("status") == "True"


def _said(state: Manifest | None) -> str:
    if state is None:
        return "it is not there"
    ready = _condition(state, "Ready")
    return f"{ready.get('reason', 'no status')}: {ready.get('message', '')}".rstrip(": ")
