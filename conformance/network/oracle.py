"""What the NetworkPolicies say of a connection, by an independent implementation of their semantics: Cyclonus.

`cyclonus analyze --mode query-traffic` reads policies and traffic from files and asks no cluster. Its answer is a table
for each connection; the last line of each says TRUE or FALSE (pkg/matcher/policy.go of v0.5.6, AllowedResult.Table).
"""

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.errors import Breakdown, ProcessError
from conformance.model import Manifest, Reach
from conformance.network.flows import Peer, Resolved
from conformance.process import run

_TIMEOUT_S = 30.0
"""A hundred connections take a tenth of a second."""
_HEADING = "Is traffic allowed?"
_VERDICT = re.compile(r"^\|\s*IS ALLOWED\?\s*\|\s*(TRUE|FALSE)\s*\|", re.MULTILINE)


def compute(cyclonus: Path, folder: Path, policies: Sequence[Manifest], flows: Sequence[Resolved]) -> list[Reach]:
    """Return for each connection whether the policies let it through.

    Raises:
        Breakdown: the oracle did not answer for every connection.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="oracle-") as temporary:
        rules, traffic = Path(temporary) / "policies.json", Path(temporary) / "traffic.json"
        rules.write_text(
            json.dumps({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicyList", "items": policies})
        )
        traffic.write_text(json.dumps([_traffic(flow) for flow in flows]))
        # Its simplifier rewrites the policies first: one more thing that could be wrong, and nothing is gained.
        words = ["analyze", "--mode=query-traffic", "--simplify-policies=false"]
        argv: list[str | Path] = [cyclonus, *words, f"--policy-path={rules}", f"--traffic-path={traffic}"]
        try:
            said = run(argv, timeout_s=_TIMEOUT_S, env={}).stdout
        except ProcessError as error:
            raise Breakdown(f"the oracle of network policies failed: {error}") from error
    return answers(said, len(flows))


def answers(said: str, count: int) -> list[Reach]:
    """Read the oracle's answers.

    Raises:
        Breakdown: there are not as many as there were questions.
    """
    found = [_VERDICT.search(block) for block in said.split(_HEADING)[1:]]
    reaches = [Reach.ALLOWED if match[1] == "TRUE" else Reach.DENIED for match in found if match]
    if len(reaches) != count:
        raise Breakdown(f"the oracle of network policies answered {len(reaches)} of {count} questions:\n{said[-2000:]}")
    return reaches


def _traffic(resolved: Resolved) -> dict[str, Any]:
    return {
        "Source": _peer(resolved.source),
        "Destination": _peer(resolved.target),
        "ResolvedPort": resolved.port,
        "ResolvedPortName": resolved.port_name,
        "Protocol": resolved.flow.protocol,
    }


def _peer(peer: Peer) -> dict[str, Any]:
    if not peer.namespace:
        return {"IP": peer.address}
    inside = {"Namespace": peer.namespace, "NamespaceLabels": peer.namespace_labels, "PodLabels": peer.labels}
    return {"IP": peer.address, "Internal": inside}
