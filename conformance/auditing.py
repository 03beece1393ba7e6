"""The audit log as a plane: what a controller or an answer says of a denial is looked up where the API server wrote it.

Each join is made by what the request itself carries: the Audit-Id of an answer, or the user, verb, resource and object
that a controller's Forbidden names. A join that finds nothing adds no plane; one that contradicts is a breakdown.
"""

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown, Finding
from conformance.evidence import EvidenceFolder
from conformance.kube.audit import AuditEntry
from conformance.kube.client import FIELD_MANAGER
from conformance.kube.objects import Ref
from conformance.model import Plane

AUDITED_S = 3.0
"""An entry is in the log this long after the answer at the latest; seen under 0.1 s."""

_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]+)")?'
)
"""The API server's own words (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go)."""

_POLICY = re.compile(r'(?P<resource>[a-z]+)(?:\.[a-z0-9.]+)? "(?P<name>[^"]+)" is (?:forbidden|invalid)')


class Auditing:
    """The part of a scenario that asks the API server's audit log."""

    platform: Platform
    planted_at: datetime
    evidence: EvidenceFolder
    planes: dict[Plane, None]
    """The planes that showed a denial so far, in order."""

    def audited(self, wanted: Callable[[AuditEntry], bool], what: str) -> AuditEntry | None:
        """Return the first such entry since planting, and keep it as evidence; None where the provider has no log."""
        log = self.platform.cluster.audit
        found = log.find(wanted, since=self.planted_at, timeout_s=AUDITED_S) if log is not None else None
        if found is not None:
            self.evidence.record("audit", what, found.as_record())
            self.planes[Plane.AUDIT] = None
        return found

    def audited_answer(self, audit_id: str, user: str, status: int) -> None:
        """Look an answer up by its Audit-Id.

        Raises:
            Breakdown: the API server's log says something else of the same request.
        """
        entry = self.audited(lambda e: e.id == audit_id, f"answer {status}") if audit_id else None
        if entry is not None and (entry.code != status or (user.startswith("system:") and entry.user != user)):
            raise Breakdown(
                f"two planes disagree on a request: the answer is {status} to {user}, "
                f"the audit log says {entry.code} to {entry.user}"
            )

    def audited_condition(self, message: str, user: str) -> None:
        """Look the refused request up that a controller's condition tells of; nothing where it tells of none."""
        if match := _FORBIDDEN.search(message):
            said = match.groupdict(default="")
            what = f"forbidden {said['verb']} {said['resource']}"
            self.audited(lambda e: e.code == HTTPStatus.FORBIDDEN and _matches(e, said), what)
        elif match := _POLICY.search(message):
            resource, name = match["resource"], match["name"]
            self.audited(
                lambda e: e.refused and e.user == user and e.resource == resource and e.name == name,
                f"denied {resource} {name}",
            )

    def audited_absence(self, ref: Ref) -> None:
        """State that nobody but the platform admin wrote an object since planting, not even for a moment.

        Controllers write all the time: a log without a single entry since then was not read, and says nothing.

        Raises:
            Finding: somebody did.
        """
        log = self.platform.cluster.audit
        if log is None or not log.entries(lambda _: True, since=self.planted_at):
            return
        group, resource = self.platform.client.resource(ref)

        def harm(entry: AuditEntry) -> bool:
            same = (entry.group, entry.resource, entry.namespace, entry.name) == (
                group,
                resource,
                ref.namespace,
                ref.name,
            )
            written = entry.verb in ("create", "update", "patch") and not entry.refused and not entry.dry_run
            return same and written and entry.agent != FIELD_MANAGER

        for entry in log.entries(harm, since=self.planted_at):
            self.evidence.record("harm", f"written {ref}", entry.as_record())
            raise Finding(
                f"{entry.user} wrote {ref}, which is gone again: the attack had its effect",
                wanted="never written",
                observed=f"{entry.verb} {entry.code} at {entry.at.isoformat()}",
            )
        self.evidence.record("audit", f"no write of {ref}", f"nobody wrote {ref} since {self.planted_at.isoformat()}\n")
        self.planes[Plane.AUDIT] = None


def _matches(entry: AuditEntry, said: dict[str, str]) -> bool:
    return all(getattr(entry, field) == value for field, value in said.items())
