"""Containers that were started again while a check waited for them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from conformance.kube.objects import pick
from conformance.model import Manifest


def started_again(pods: Sequence[Manifest], since: datetime) -> Iterator[str]:
    """Yield the Pods with a container that ended by itself and runs again since then, or waits for it.

    A Pod that somebody made anew is another Pod, and none of them
    (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts).
    """
    for pod in pods:
        for status in pick(pod, "status", "containerStatuses") or []:
            at = pick(status, "state", "running", "startedAt")
            if status.get("restartCount") and (not at or datetime.fromisoformat(at) >= since.replace(microsecond=0)):
                yield f"{pod['metadata']['name']} (exit code {pick(status, 'lastState', 'terminated', 'exitCode')})"
                break
