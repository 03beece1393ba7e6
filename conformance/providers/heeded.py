"""New RoleBindings of a probe: the API server heeds one a moment after it was made, and the first question is at once.

What a binding gives is what its role says; its account is asked for its rules until they have all of these.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.kube.objects import Ref, pick
from conformance.kube.probing import ProbingClient, Rule
from conformance.kube.rules import subjects_of
from conformance.kube.wait import eventually
from conformance.model import Manifest

AGENT = "flux-tenancy-conformance/settling"
"""User agent of these questions."""
_RBAC = "rbac.authorization.k8s.io/v1"
_PARTS = ("verbs", "apiGroups", "resources", "resourceNames")

Known = tuple[frozenset[str], ...]
"""A rule, whatever the order of what it names."""


@dataclass(frozen=True, slots=True)
class _Waited:
    """What one account is to get from one binding."""

    binding: Ref
    account: tuple[str, str]
    """Namespace and name."""
    role: str
    rules: frozenset[Known]


def wait_in_force(client: ProbingClient, objects: Sequence[Manifest], timeout_s: float) -> None:
    """Wait until every RoleBinding among these objects is heeded for the accounts of the throw-away namespaces.

    A binding to a role that is not there gives nothing, and is not waited for.

    Raises:
        WaitTimeout: one is not heeded within `timeout_s` seconds; names it, its role and its account.
        ApiError: the ClusterRole of one may not be read.
    """
    waited = list(_waited(client, objects))
    asking = {one.account: client.with_token(client.token(*one.account), user_agent=AGENT) for one in waited}

    def waiting() -> list[str]:
        places = dict.fromkeys((one.account, one.binding.namespace) for one in waited)
        given = {(who, where): _known(asking[who].rules(where)) for who, where in places}
        return [_named(one) for one in waited if not one.rules <= given[one.account, one.binding.namespace]]

    if waited:
        eventually(waiting, lambda names: not names, timeout_s=timeout_s, what="that new bindings are heeded")


def _waited(client: ProbingClient, objects: Sequence[Manifest]) -> Iterator[_Waited]:
    roles = {Ref.of(one): one for one in objects if one["kind"] == "Role"}
    for one in objects:
        if one["kind"] != "RoleBinding" or one["metadata"].get("namespace") not in client.ground.namespaces:
            continue
        role, accounts = _role(client, one, roles), list(_accounts(client, one))
        if rules := _known(pick(role, "rules") or []):
            named = f"{one['roleRef']['kind']}/{one['roleRef']['name']}"
            yield from (_Waited(Ref.of(one), account, named, rules) for account in accounts)


def _role(client: ProbingClient, binding: Manifest, roles: Mapping[Ref, Manifest]) -> Manifest | None:
    """Return the role of a binding: a Role is made beside it, a ClusterRole is the cluster's."""
    said = binding["roleRef"]
    if said["kind"] == "ClusterRole":
        return client.find(Ref(_RBAC, said["kind"], said["name"]))
    return roles.get(Ref(_RBAC, said["kind"], said["name"], binding["metadata"]["namespace"]))


def _accounts(client: ProbingClient, binding: Manifest) -> Iterator[tuple[str, str]]:
    for subject in subjects_of(binding):
        if subject["kind"] == "ServiceAccount" and subject["namespace"] in client.ground.namespaces:
            yield subject["namespace"], subject["name"]


def _known(rules: Iterable[Rule]) -> frozenset[Known]:
    """Return the rules on resources: others a RoleBinding does not give."""
    return frozenset(
        tuple(frozenset(rule.get(part) or ()) for part in _PARTS) for rule in rules if rule.get("resources")
    )


def _named(one: _Waited) -> str:
    return f"{one.binding} of {one.role} for {'/'.join(one.account)}"
