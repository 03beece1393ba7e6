"""What a check says of its objects: `given` for preconditions, `expect` for the property under test.

A broken precondition is a breakdown (the check could not be judged), a broken expectation is a finding. A denial counts
only with its reason: refused for another reason is "not judged", never "passed".
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from conformance.errors import Breakdown, Finding
from conformance.kube.objects import argument, container_args, container_words, pick, ref_to
from conformance.kube.restarts import started_again
from conformance.kube.wait import object_until
from conformance.model import Manifest, Plane
from conformance.scenario import Answer, Scenario, Subject

Texts = str | Sequence[str]


def condition(state: Manifest | None, kind: str) -> Mapping[str, Any] | None:
    """Return a condition that speaks of the object's present generation, or None.

    kustomize-controller leaves status.observedGeneration at -1 on failures (catalogue T09), so the condition's own
    observedGeneration decides.
    """
    for found in pick(state, "status", "conditions") or []:
        if found["type"] == kind:
            current = found.get("observedGeneration", pick(state, "metadata", "generation"))
            return found if current == pick(state, "metadata", "generation") else None
    return None


def describe(state: Manifest | None) -> str:
    """Return an object's Ready condition in one line, as a failure prints it."""
    if state is None:
        return "the object is not there"
    ready = condition(state, "Ready")
    if ready is None:
        conditions = [c["type"] for c in pick(state, "status", "conditions") or []]
        return f"no current Ready condition (conditions: {', '.join(conditions) or 'none'})"
    generation = pick(state, "metadata", "generation")
    seen = pick(state, "status", "observedGeneration")
    return f'Ready={ready["status"]}  reason={ready["reason"]}  "{ready["message"]}"  generation {seen}/{generation}'


@dataclass(frozen=True, slots=True)
class _Trace:
    scenario: Scenario

    def leaves_no_trace(self, label: str, *, namespace: str = "") -> None:
        """Expect that an object (`Kind/name`) is absent now and over the hold window after the last denial.

        Raises:
            Finding: it is there, or it appeared.
        """
        __tracebackhide__ = True
        ref = ref_to(label, namespace)
        if not self.scenario.leaves:
            self.scenario.evidence.record("absence", str(ref), "asked for by dry-runs alone: nothing to look for\n")
            return
        self.scenario.platform.traces.setdefault(self.scenario.check.id, set()).add(ref)
        window = self.scenario.platform.timeouts.hold_window
        left = max(0.0, self.scenario.denied_at + window - time.monotonic())
        state, appeared = object_until(self.scenario.platform.client, ref, lambda s: s is not None, timeout_s=left)
        if appeared:
            self.scenario.evidence.record("harm", str(ref), state)
            raise Finding(f"{ref} exists: the attack had its effect", wanted="absent", observed="present")
        self.scenario.evidence.record("absence", str(ref), f"{ref} is absent, {window:g} s after the denial\n")
        self.scenario.planes[Plane.ABSENCE] = None
        self.scenario.denials += 1
        self.scenario.audited_absence(ref)


@dataclass(frozen=True, slots=True)
class SubjectExpectation(_Trace):
    """Statements on an object that controllers reconcile."""

    subject: Subject
    broken: Callable[[str, str, str], Exception]

    def becomes_ready(self, *, reason: str = "", message: str = "", timeout_s: float | None = None) -> Manifest:
        """Wait until Ready=True for the present generation; return the object.

        Raises:
            Finding: it did not; of a precondition a breakdown.
            Breakdown: nobody has judged it, and a controller of Flux ended by itself meanwhile, as on a machine that is
                too busy for its lease: that is no word on the property.
        """
        __tracebackhide__ = True
        bounds = self.scenario.platform.timeouts
        timeout = timeout_s or (bounds.precondition if self.broken is _breakdown else bounds.health_checked)
        state, ready = self._until(lambda s: _is(s, "True", reason, (message,)), timeout)
        if state is None or not ready:
            what = f"{self.subject.ref} did not become ready within {timeout:g} s"
            if condition(state, "Ready") is None and (again := self._controllers_started_again()):
                raise Breakdown(
                    f"{what}, and of Flux there ended meanwhile: {', '.join(again)}",
                    hint="the controllers' logs say why; on a machine that is too busy they lose their leases",
                )
            raise self.broken(what, f"Ready=True  {_wanted(reason, message)}", describe(state))
        return state

    def _controllers_started_again(self) -> list[str]:
        pods = self.scenario.platform.client.objects("v1", "Pod", namespace=self.scenario.platform.flux_namespace)
        return list(started_again(pods, self.scenario.planted_at))

    def is_denied(self, *, reason: Texts, message: Texts, stalled: bool = False, after_s: float = 0) -> Manifest:
        """Wait until Ready=False with this reason and all these texts; return the object.

        Args:
            reason: several: the controller says now this one, now that one, of the same decision. Evidence has which
                it was, and that each of them would have done: a certificate takes one for the other.
            after_s: seconds that the object itself asks its controller to wait before it gives up.

        Raises:
            Finding: it became ready.
            Breakdown: it was refused for another reason, or not judged at all.
        """
        __tracebackhide__ = True
        texts = (message,) if isinstance(message, str) else tuple(message)
        reasons = (reason,) if isinstance(reason, str) else tuple(reason)
        timeout = self.scenario.platform.timeouts.reconciled + after_s

        def judged(state: Manifest | None) -> bool:
            denied = any(_is(state, "False", one, texts) for one in reasons)
            return _is(state, "True", "", ()) or (denied and (not stalled or condition(state, "Stalled") is not None))

        state, done = self._until(judged, timeout)
        wanted = f"Ready=False  {_wanted(' or '.join(reasons), *texts)}"
        if _is(state, "True", "", ()):
            raise Finding(f"{self.subject.ref} was not denied", wanted=wanted, observed=describe(state))
        if state is None or not done:
            raise Breakdown(
                f"{self.subject.ref} was not denied for the control's reason within {timeout:g} s\n"
                f"  wanted    {wanted}\n  observed  {describe(state)}"
            )
        self.scenario.denied_at = time.monotonic()
        self.scenario.denials += 1
        self.scenario.planes[Plane.CONDITION] = None
        ready = condition(state, "Ready") or {}
        if len(reasons) > 1:
            denied = {"object": str(self.subject.ref), "reason": ready["reason"], "accepted": sorted(reasons)}
            self.scenario.evidence.record("denied", str(self.subject.ref), denied)
        said = ready.get("message", "")
        self.scenario.audited_condition(said, self.scenario.platform.tenant_user(self.subject.ref.namespace))
        return state

    def is_judged(self, *, reason: str) -> Manifest:
        """Wait until Ready=True, or Ready=False for this reason; return the object, for a look before the verdict.

        For attacks whose harm does not make the object ready: look for the harm first, then for the denial.
        """
        __tracebackhide__ = True
        timeout = self.scenario.platform.timeouts.reconciled
        state, judged = self._until(lambda s: _is(s, "True", "", ()) or _is(s, "False", reason, ()), timeout)
        if state is None or not judged:
            what = f"{self.subject.ref} was not judged within {timeout:g} s"
            raise self.broken(what, f"Ready=True, or Ready=False  {_wanted(reason)}", describe(state))
        return state

    def contains_wanted(self) -> None:
        """Expect that the live object contains every field of the YAML; lists of scalars as sets."""
        __tracebackhide__ = True
        live = self.subject.live()
        self.scenario.evidence.record("object", str(self.subject.ref), live or "not there\n")
        missing, what = _missing(self.subject.manifest, live), f"{self.subject.ref} lacks what it must have"
        _record_found(self.scenario, what, missing)
        if missing:
            raise self.broken(what, "; ".join(missing), "absent")

    def runs_with_wanted_arguments(self) -> None:
        """Expect the YAML's `--flag=value` arguments in a live Deployment and in the process that runs from it.

        The last occurrence of a flag counts, as it does for the process. The process itself is read only where the
        provider shows it (capability flux-processes).

        Raises:
            Breakdown: the controller is not installed, or does not run.
        """
        __tracebackhide__ = True
        controller = self.subject.ref.name
        live = self.subject.live()
        seen = {"live Deployment": container_words(live) if live else []}
        if (host := self.scenario.platform.cluster.host) is not None:
            seen["running process"] = host.command_line(controller)
        for where, arguments in seen.items():
            self.scenario.evidence.record("arguments", f"{where} {controller}", arguments)
            if not arguments:
                raise Breakdown(f"{controller} has no {where}")
            flags = {wanted: wanted.partition("=")[0] for wanted in container_args(self.subject.manifest)}
            lacking = [wanted for wanted, flag in flags.items() if argument(arguments, flag) != wanted]
            _record_found(self.scenario, f"{controller}: the {where} lacks arguments", lacking)
            for wanted in lacking:
                said = argument(arguments, flags[wanted]) or f"{flags[wanted]} is absent"
                raise self.broken(f"{controller}: the {where} lacks {wanted}", wanted, said)

    def _until(self, holds: Callable[[Manifest | None], bool], timeout_s: float) -> tuple[Manifest | None, bool]:
        state, done = object_until(self.scenario.platform.client, self.subject.ref, holds, timeout_s=timeout_s)
        self.scenario.evidence.record("conditions", str(self.subject.ref), state or "not there\n")
        return state, done


@dataclass(frozen=True, slots=True)
class AnswerExpectation(_Trace):
    """Statements on one answer of the API server."""

    answer: Answer
    broken: Callable[[str, str, str], Exception]

    def is_admitted(self) -> Manifest:
        """State that the request went through; return the object."""
        __tracebackhide__ = True
        if not self.answer.admitted:
            what = f"{self.answer.request} as {self.answer.who} did not go through"
            raise self.broken(what, "admitted", str(self.answer))
        return self.answer.object

    def is_refused(self, *, message: Texts, status: int = 403) -> None:
        """Expect this status with all these texts.

        Raises:
            Finding: the request went through.
            Breakdown: it was refused for another reason.
        """
        __tracebackhide__ = True
        texts = (message,) if isinstance(message, str) else tuple(message)
        wanted = f"{status} {_wanted('', *texts)}"
        what = f"{self.answer.request} as {self.answer.who}"
        if self.answer.admitted:
            raise Finding(f"{what} was not refused", wanted=wanted, observed=str(self.answer))
        if self.answer.status != status or any(text not in self.answer.message for text in texts):
            raise Breakdown(f"{what} was refused for another reason\n  wanted    {wanted}\n  observed  {self.answer}")
        self.scenario.denied_at = time.monotonic()
        self.scenario.denials += 1
        self.scenario.planes[Plane.ANSWER] = None
        self.scenario.audited_answer(self.answer.audit_id, self.answer.who, self.answer.status)
        self._is_absent()

    def _is_absent(self) -> None:
        """Expect that what was refused is not there: once, for the API server stores nothing later."""
        __tracebackhide__ = True
        if (ref := self.answer.creates) is None:
            return
        if (state := self.scenario.platform.client.find(ref)) is not None:
            self.scenario.evidence.record("harm", str(ref), state)
            raise Finding(f"{ref} exists although it was refused", wanted="absent", observed="present")
        self.scenario.evidence.record("absence", str(ref), f"{ref} is absent after it was refused\n")
        self.scenario.planes[Plane.ABSENCE] = None


@overload
def given(subject: Subject) -> SubjectExpectation: ...
@overload
def given(subject: Answer) -> AnswerExpectation: ...
def given(subject: Subject | Answer) -> SubjectExpectation | AnswerExpectation:
    """State a precondition: the allowed path, a live victim. If it does not hold, the check cannot be judged."""
    return _expectation(subject, _breakdown)


@overload
def expect(subject: Subject) -> SubjectExpectation: ...
@overload
def expect(subject: Answer) -> AnswerExpectation: ...
def expect(subject: Subject | Answer) -> SubjectExpectation | AnswerExpectation:
    """State the property under test. If it does not hold, that is a finding."""
    return _expectation(subject, _finding)


def expect_that(holds: object, what: str, *, wanted: str, observed: str) -> None:
    """Raise a finding unless `holds`."""
    __tracebackhide__ = True
    if not holds:
        raise Finding(what, wanted=wanted, observed=observed)


def expect_none(
    scenario: Scenario, found: Iterable[object], what: str, *, wanted: str = "none", observed: str = ""
) -> None:
    """State that nothing was found which must not be; what was found is evidence, whatever is made of it.

    Args:
        what: the finding if there is anything, in the same words in every run.
        observed: empty: what was found.

    Raises:
        Finding: there is something.
    """
    __tracebackhide__ = True
    seen = [str(one) for one in found]
    _record_found(scenario, what, seen)
    expect_that(not seen, what, wanted=wanted, observed=observed or "; ".join(seen))


def _record_found(scenario: Scenario, what: str, found: Sequence[str]) -> None:
    scenario.evidence.record("found", what, {"what": what, "found": list(found)})


def given_that(holds: object, what: str, *, observed: str = "") -> None:
    """Raise a breakdown unless `holds`: the check cannot be judged."""
    __tracebackhide__ = True
    if not holds:
        raise Breakdown(f"{what}\n  observed  {observed}" if observed else what)


def _expectation(
    subject: Subject | Answer, broken: Callable[[str, str, str], Exception]
) -> SubjectExpectation | AnswerExpectation:
    if isinstance(subject, Subject):
        return SubjectExpectation(subject.scenario, subject, broken)
    return AnswerExpectation(subject.scenario, subject, broken)


def _finding(what: str, wanted: str, observed: str) -> Finding:
    return Finding(what, wanted=wanted, observed=observed)


def _breakdown(what: str, wanted: str, observed: str) -> Breakdown:
    return Breakdown(f"a precondition does not hold: {what}\n  wanted    {wanted}\n  observed  {observed}")


def _is(state: Manifest | None, status: str, reason: str, texts: Sequence[str]) -> bool:
    ready = condition(state, "Ready")
    if ready is None or ready["status"] != status:
        return False
    return reason in ("", ready["reason"]) and all(text in ready["message"] for text in texts)


def _wanted(reason: str, *texts: str) -> str:
    said = " … ".join(f'"{text}"' for text in texts if text)
    return "  ".join(part for part in (f"reason={reason}" if reason else "", said) if part)


def _missing(wanted: Any, live: Any, path: str = "") -> list[str]:
    if isinstance(wanted, Mapping):
        return [
            m for key, value in wanted.items() for m in _missing(value, pick(live, key), f"{path}.{key}".lstrip("."))
        ]
    if isinstance(wanted, list):
        have = live if isinstance(live, list) else []
        if all(isinstance(item, Mapping) and "name" in item for item in wanted):
            named = {item.get("name"): item for item in have}
            return [m for item in wanted for m in _missing(item, named.get(item["name"]), f"{path}[{item['name']}]")]
        return [f"{path} has {item}" for item in wanted if item not in have]
    return [] if wanted == live else [f"{path}={wanted}"]
