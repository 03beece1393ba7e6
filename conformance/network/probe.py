"""Opens connections from Pods and reads what they saw: `agnhost connect`, run in the Pod by `kubectl exec`.

Its answers are fixed words (test/images/agnhost/connect of Kubernetes v1.36.3). Whatever else comes back, such as a Pod
that is gone or a program that is not in the image, is a broken probe: a breakdown, and never a denial.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import Breakdown, ProcessError
from conformance.kube.objects import Ref
from conformance.model import Seen
from conformance.process import run

PATIENCE_S = 3.0
"""How long a connection may take: an allowed one takes milliseconds, and a SYN is sent again after one second."""
_NAME = "kubernetes.default.svc.cluster.local.:443"
"""Resolved over UDP by the cluster's DNS; what becomes of the connection behind it does not matter."""
_WORDS = {"TIMEOUT": Seen.TIMEOUT, "REFUSED": Seen.REFUSED, "DNS": Seen.DNS}
_NO_ROUTE = ("no route to host", "network is unreachable", "host is unreachable")
_EXITED = "command terminated with exit code 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Runs probes in Pods of one cluster."""

    kubectl: Path
    kubeconfig: Path
    home: Path
    """Stands in for the user's home: kubectl keeps a cache there."""
    timeout_s: float
    """For a probe with its kubectl."""

    def connect(self, pod: Ref, dial: str, protocol: str = "TCP") -> Seen:
        """Open one connection from a Pod, and close it.

        Raises:
            Breakdown: the probe itself did not work.
        """
        target = _NAME if protocol == "UDP" else dial
        agnhost = ["/agnhost", "connect", target, f"--timeout={PATIENCE_S:g}s", "--protocol=tcp"]
        words = ["exec", f"--namespace={pod.namespace}", pod.name, "--", *agnhost]
        said: list[str] = []
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            run(
                [self.kubectl, f"--kubeconfig={self.kubeconfig}", *words],
                timeout_s=self.timeout_s,
                env={"HOME": str(self.home)},
                on_line=said.append,
            )
        except ProcessError as error:
            seen = outcome(said)
            # Policies know addresses alone: a name that is not resolved is an answer where a name was asked for.
            if seen is None or (seen is Seen.DNS and protocol != "UDP"):
                raise Breakdown(f"the probe {pod} to {dial} did not work: {error}") from error
            return _of_a_name(seen) if protocol == "UDP" else seen
        return Seen.CONNECTED


def outcome(said: Sequence[str]) -> Seen | None:
    """Return what agnhost's and kubectl's lines on standard error mean; None: the probe itself failed."""
    if not said or said[-1].strip() != _EXITED:
        return None
    answer = said[0].strip()
    if answer.startswith("OTHER") and any(text in answer for text in _NO_ROUTE):
        return Seen.NO_ROUTE
    return _WORDS.get(answer.partition(":")[0])


def _of_a_name(seen: Seen) -> Seen:
    """A name that is resolved shows that DNS answered, wherever the connection then ended."""
    return Seen.DNS if seen is Seen.DNS else Seen.CONNECTED
