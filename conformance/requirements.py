"""What a check needs of a platform beyond being read: derived from its scenario and its code, or declared by `needs=`.

A declaration is wanted only where nothing shows it. What is derived wrongly costs a check, never a cluster: the client
of an audit sends nothing but reads, that of a probe nothing that lasts.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from conformance.kube.probing import INERT
from conformance.manifests import PLACEHOLDERS, Planned, load, tenants_of
from conformance.model import Capability

ANSWERED = "submit create patch delete identity account as_tenant impersonating token dry_run ask"
"""Words for requests: a dry-run is answered like the real thing."""
LASTING = (
    "apply delete_if_exists patch_if_exists with_token reconcile request_reconcile ask_network expect_flows "
    "prove_enforcement call_hook lay_beside own_allowlist audited"
)
"""Words for what must be made, and last."""
AWAITED = (
    "becomes_ready is_denied is_judged events events_about syncs_mended unready_syncs wait_gone consistently pod_log "
    "canary_leaks kubeconfig signed_artifact signed_commit push_with_links plant remove"
)
"""Words for what somebody else makes of an object: no answer tells."""
_ASKED: dict[Capability, str] = {
    Capability.REPOSITORIES: "committed repository checkout fleet_branch build migrate requests pulls events_received "
    "push_over_ssh signed_chart",
    Capability.SUBMISSIONS: f"{ANSWERED} {LASTING}",
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
    tree = ast.parse(module.read_text(encoding="utf-8"))
    words, planned = set(_words(tree)), load(scenario, PLACEHOLDERS)
    made = [one for one in planned if one.use != "wanted"]
    if _OF_NETWORK in words and {one.ref.kind for one in made} <= _IMAGINED:
        words, made = words - {_OF_NETWORK, "submit"}, []
    found = {capability for capability, asked in _ASKED.items() if words & set(asked.split())}
    if made:
        found.add(Capability.SUBMISSIONS)
    if found == {Capability.SUBMISSIONS} and _answers_tell(tree, planned):
        return frozenset({Capability.DRY_RUNS})  # addresses are only told to admission: nobody fetches from them
    if any(f"${{{name}}}" in scenario.read_text(encoding="utf-8") for name in ("git_url", "oci_url")):
        found.add(Capability.REPOSITORIES)
    return frozenset(found)


def _answers_tell(tree: ast.Module, planned: Sequence[Planned]) -> bool:
    """Return whether dry-runs decide a check: nothing that it makes must last, and nobody's Secrets are asked for."""
    words = set(_words(tree))
    tried = [one for one in planned if one.use == "attempt"]
    return not (
        words & {*LASTING.split(), *AWAITED.split()}
        or (tried and "live" in words)  # of what was only tried, nothing is there
        or any(_reaches_out(call) for call in ast.walk(tree) if isinstance(call, ast.Call))
        or any(isinstance(one, ast.Constant) and one.value == "Secret" for one in ast.walk(tree))
        or not _planted_in_own(planned)
        or {one.ref.name for one in tried if one.ref.kind == "Namespace"} & {one.ref.namespace for one in planned}
    )


def _reaches_out(call: ast.Call) -> bool:
    """Return whether a call changes something itself, asks for a token of who knows whom, or takes on a group."""
    if not isinstance(call.func, ast.Attribute):
        return False
    match call.func.attr:
        case "patch" | "delete":  # not `scenario.patch`, whose answer is looked at
            return not (isinstance(call.func.value, ast.Name) and call.func.value.id == "scenario")
        case "token" | "account":
            return not (call.args and isinstance(call.args[0], ast.Constant))
        case "impersonating":
            return bool(call.keywords)
        case _:
            return False


def _planted_in_own(planned: Sequence[Planned]) -> bool:
    """Return whether all that is planted does nothing, and lies in namespaces that a probe makes and throws away."""
    planted = [one.ref for one in planned if one.use == "plant"]
    own = {*tenants_of(planned), *(ref.name for ref in planted if ref.kind == "Namespace")}
    return all(ref.kind == "Namespace" or (ref.kind in INERT and ref.namespace in own) for ref in planted)


def _words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
