"""What a check needs of a platform beyond being read: derived from its scenario and its code, or declared by `needs=`.

A declaration is wanted only where nothing shows it. What is derived wrongly costs a check, never a cluster: the client
of an audit sends nothing but reads.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from conformance.manifests import PLACEHOLDERS, load
from conformance.model import Capability

_ASKED: dict[Capability, str] = {
    Capability.REPOSITORIES: "committed repository checkout fleet_branch build migrate requests pulls events_received "
    "push_over_ssh signed_chart",
    Capability.SUBMISSIONS: "submit create patch delete apply delete_if_exists patch_if_exists identity account "
    "as_tenant with_token impersonating token dry_run reconcile request_reconcile ask ask_network expect_flows "
    "prove_enforcement call_hook lay_beside own_allowlist audited",
    Capability.FLUX_PROCESSES: "log_lines",
}
"""Words of the vocabulary -> what a platform must have for them."""

_OF_NETWORK = "expect_flows"
_IMAGINED = frozenset({"Pod", "Service", "Namespace"})
"""What a check of the network makes to ask about: the live policies can be read without, as if it stood there."""


@cache
def derived(module: Path, scenario: Path) -> frozenset[Capability]:
    """Return what a check needs by what its scenario plants or submits, and by the vocabulary that its module speaks.

    Raises:
        InputError: a scenario that cannot be read.
    """
    words = set(_words(ast.parse(module.read_text(encoding="utf-8"))))
    planned = load(scenario, PLACEHOLDERS)
    made = {one.ref.kind for one in planned if one.use != "wanted"}
    if _OF_NETWORK in words and made <= _IMAGINED:
        words, made = words - {_OF_NETWORK, "submit"}, set()
    found = {capability for capability, asked in _ASKED.items() if words & set(asked.split())}
    if made:
        found.add(Capability.SUBMISSIONS)
    if any(f"${{{name}}}" in scenario.read_text(encoding="utf-8") for name in ("git_url", "oci_url")):
        found.add(Capability.REPOSITORIES)
    return frozenset(found)


def _words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
