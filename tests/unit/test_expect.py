"""What counts as ready, as denied and as present; a denial counts only with its reason."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.auditing import Auditing
from conformance.errors import Breakdown, Finding
from conformance.expect import _missing, condition, describe, expect, expect_that, given, given_that
from conformance.manifests import Planned
from conformance.model import Manifest
from conformance.scenario import Answer, Scenario, Subject
from conformance.settings import Timeouts

GENERATION = 3
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "attack", "namespace": "shared-a"}}
TENANT = "system:serviceaccount:{}:flux"
WAITS = ("reconciled", "health_checked", "precondition")
AT_ONCE = dict.fromkeys((*WAITS, "hold_window"), 0.0)


def state(status: str, reason: str = "Reason", message: str = "what happened", *, observed: int | None = 3) -> Manifest:
    ready = {"type": "Ready", "status": status, "reason": reason, "message": message}
    return with_conditions(ready if observed is None else {**ready, "observedGeneration": observed})


def with_conditions(*conditions: dict[str, Any]) -> Manifest:
    metadata = {"name": "attack", "namespace": "shared-a", "generation": GENERATION}
    return {**MANIFEST, "metadata": metadata, "status": {"observedGeneration": -1, "conditions": list(conditions)}}


class FakeClient:
    """Serves one state, then the events of a watch; None: the object is not there."""

    def __init__(self, first: Manifest | None, events: Sequence[Manifest | None] = ()) -> None:
        self.first = first
        self.events = events
        self.pods: list[Manifest] = []

    def objects(self, _api: str, kind: str, *, namespace: str) -> list[Manifest]:
        assert (kind, namespace) == ("Pod", "flux-system")
        return self.pods

    def find(self, _ref: object) -> Manifest | None:
        return self.first

    def objects_at(self, *_: object, **__: object) -> tuple[list[Manifest], str]:
        return ([] if self.first is None else [self.first]), "1"

    def watch(self, *_: object, **__: object) -> Iterator[tuple[str, Manifest]]:
        yield from (("DELETED", MANIFEST) if event is None else ("MODIFIED", event) for event in self.events)


class FakeEvidence:
    def __init__(self) -> None:
        self.kinds: list[str] = []

    def record(self, kind: str, _name: str, _content: object) -> None:
        self.kinds.append(kind)


class FakeScenario(Auditing):
    """A scenario on one platform, with the audit log that is given."""

    def __init__(self, platform: Any) -> None:
        self.platform = platform
        self.check: Any = SimpleNamespace(id="F01")
        self.evidence: Any = FakeEvidence()
        self.planted_at = datetime(2026, 1, 1, tzinfo=UTC)
        self.planes = {}
        self.denied_at = 0.0
        self.denials = 0
        self.leaves = True


def scenario(first: Manifest | None = None, *events: Manifest | None, timeouts: Timeouts | None = None) -> Scenario:
    bounds = timeouts or Timeouts(**(AT_ONCE if not events else AT_ONCE | dict.fromkeys(WAITS, 5.0)))
    platform = SimpleNamespace(
        client=FakeClient(first, events),
        timeouts=bounds,
        traces=defaultdict(set),
        tenant_user=TENANT.format,
        cluster=SimpleNamespace(audit=None),
        flux_namespace="flux-system",
    )
    return cast("Scenario", FakeScenario(platform))


def subject(first: Manifest | None = None, *events: Manifest | None) -> Subject:
    return Subject(scenario(first, *events), Planned(MANIFEST, "plant", as_platform=False, twin=""))


def answer(status: int, message: str = "") -> Answer:
    return Answer(scenario(), "tenant", "create x", status, "Reason", message, object=MANIFEST)


# condition


def test_a_condition_of_the_present_generation_counts() -> None:
    assert condition(state("True"), "Ready") == {
        "type": "Ready",
        "status": "True",
        "reason": "Reason",
        "message": "what happened",
        "observedGeneration": GENERATION,
    }


@pytest.mark.parametrize("observed", [-1, 0, 2, 4])
def test_a_condition_of_another_generation_does_not_count(observed: int) -> None:
    assert condition(state("True", observed=observed), "Ready") is None


def test_a_condition_without_a_generation_counts() -> None:
    # Kinds of Kubernetes itself do not write it.
    assert condition(state("True", observed=None), "Ready") is not None


@pytest.mark.parametrize("nothing", [None, {}, {"status": {}}, {"status": {"conditions": None}}, with_conditions()])
def test_where_there_is_none_there_is_none(nothing: Manifest | None) -> None:
    assert condition(nothing, "Ready") is None


def test_a_condition_is_found_by_its_type() -> None:
    both = with_conditions({"type": "Stalled", "status": "True"}, {"type": "Ready", "status": "False"})
    assert condition(both, "Ready") == {"type": "Ready", "status": "False"}
    assert condition(both, "Healthy") is None


# describe


def test_a_failure_shows_the_ready_condition_in_one_line() -> None:
    assert describe(state("False", "AccessDenied", "blocked")) == (
        'Ready=False  reason=AccessDenied  "blocked"  generation -1/3'
    )


def test_a_failure_says_that_the_object_is_not_there() -> None:
    assert describe(None) == "the object is not there"


def test_a_failure_says_which_conditions_there_are_when_ready_is_missing_or_old() -> None:
    assert describe(with_conditions()) == "no current Ready condition (conditions: none)"
    assert describe(state("True", observed=2)) == "no current Ready condition (conditions: Ready)"
    assert describe(with_conditions({"type": "Reconciling"}, {"type": "Stalled"})).endswith("Reconciling, Stalled)")


# _missing


@pytest.mark.parametrize(
    ("wanted", "live", "missing"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, [], id="more than wanted"),
        pytest.param({"a": 1}, {"a": 2}, ["a=1"], id="another value"),
        pytest.param({"a": 1}, {}, ["a=1"], id="a field less"),
        pytest.param({"a": {"b": {"c": "x"}}}, {"a": {}}, ["a.b.c=x"], id="deep"),
        pytest.param({"a": {"b": 1}}, None, ["a.b=1"], id="nothing at all"),
        pytest.param({"a": {"b": 1}}, {"a": "text"}, ["a.b=1"], id="another type"),
        pytest.param({"args": ["--x", "--y"]}, {"args": ["--y", "--z", "--x"]}, [], id="scalars in any order"),
        pytest.param({"args": ["--x", "--y"]}, {"args": ["--y"]}, ["args has --x"], id="a scalar less"),
        pytest.param({"args": ["--x"]}, {}, ["args has --x"], id="no list"),
        pytest.param({"args": ["--x"]}, {"args": "--x"}, ["args has --x"], id="a text is no list"),
        pytest.param(
            {"containers": [{"name": "m", "args": ["--x"]}]},
            {"containers": [{"name": "side"}, {"name": "m", "args": ["--x", "--y"], "image": "i"}]},
            [],
            id="items are found by their names",
        ),
        pytest.param(
            {"containers": [{"name": "m", "args": ["--x"]}]},
            {"containers": [{"name": "m", "args": []}]},
            ["containers[m].args has --x"],
            id="an item that lacks something",
        ),
        pytest.param(
            {"containers": [{"name": "m"}]},
            {"containers": [{"name": "n"}]},
            ["containers[m].name=m"],
            id="no such item",
        ),
    ],
)
def test_what_the_live_object_lacks(wanted: Any, live: Any, missing: list[str]) -> None:
    assert _missing(wanted, live) == missing


def test_an_object_contains_what_is_wanted_of_it() -> None:
    expect(subject(state("True"))).contains_wanted()
    with pytest.raises(Finding, match="lacks what it must have"):
        expect(subject(None)).contains_wanted()


# becomes_ready, is_judged, is_denied


def test_ready_is_ready() -> None:
    assert expect(subject(state("True"))).becomes_ready()["kind"] == "ConfigMap"
    assert given(subject(state("True", message="Applied revision: main@sha1:1"))).becomes_ready(message="main@sha1")


@pytest.mark.parametrize("first", [None, state("False"), state("Unknown"), state("True", observed=2)])
def test_not_ready_is_a_finding_of_the_property_and_a_breakdown_of_a_precondition(first: Manifest | None) -> None:
    with pytest.raises(Finding, match="did not become ready within 0 s"):
        expect(subject(first)).becomes_ready()
    with pytest.raises(Breakdown, match="a precondition does not hold: shared-a/ConfigMap/attack did not become ready"):
        given(subject(first)).becomes_ready()


@pytest.mark.parametrize(
    ("first", "error"), [(None, Breakdown), (state("Unknown", observed=2), Breakdown), (state("False"), Finding)]
)
def test_what_nobody_judged_while_a_controller_ended_by_itself_is_no_finding(
    first: Manifest | None, error: type[Exception]
) -> None:
    one = subject(first)
    ended = {"restartCount": 1, "state": {"waiting": {}}}
    pod = {"metadata": {"name": "helm-controller"}, "status": {"containerStatuses": [ended]}}
    one.scenario.platform.client.pods = [pod]  # type: ignore[attr-defined]
    with pytest.raises(error, match="did not become ready"):
        expect(one).becomes_ready()


def test_what_a_check_needs_is_waited_for_longer_than_what_it_promises() -> None:
    # As where a mutant lives, under which a promise may never come true.
    where = scenario(timeouts=Timeouts(**AT_ONCE | {"precondition": 0.25}))
    late = Subject(where, Planned(MANIFEST, "plant", as_platform=False, twin=""))
    with pytest.raises(Finding, match="within 0 s"):
        expect(late).becomes_ready()
    with pytest.raises(Breakdown, match=r"within 0\.25 s"):
        given(late).becomes_ready()


def test_a_wait_follows_the_object_through_its_states() -> None:
    one = subject(None, state("Unknown"), state("False", "AccessDenied", "blocked, sorry"))
    denied = expect(one).is_denied(reason="AccessDenied", message="blocked")
    assert describe(denied).startswith("Ready=False")
    assert one.scenario.denied_at > 0


def test_a_denial_needs_its_reason_and_all_its_texts() -> None:
    denied = state("False", "BuildFailed", "first half, second half")
    expect(subject(denied)).is_denied(reason="BuildFailed", message=("first", "second"))
    for reason, message in (("AccessDenied", ("first",)), ("BuildFailed", ("first", "third"))):
        with pytest.raises(Breakdown, match="was not denied for the control's reason"):
            expect(subject(denied)).is_denied(reason=reason, message=message)


@pytest.mark.parametrize("first", [None, state("Unknown"), state("False", observed=2)])
def test_what_was_not_judged_is_not_denied(first: Manifest | None) -> None:
    with pytest.raises(Breakdown, match="was not denied for the control's reason"):
        expect(subject(first)).is_denied(reason="Reason", message="what happened")


def test_ready_where_a_denial_was_expected_is_a_finding_that_shows_both() -> None:
    with pytest.raises(Finding) as found:
        expect(subject(state("True", "Succeeded", "Applied"))).is_denied(reason="AccessDenied", message="blocked")
    assert found.value.what == "shared-a/ConfigMap/attack was not denied"
    assert found.value.wanted == 'Ready=False  reason=AccessDenied  "blocked"'
    assert found.value.observed.startswith('Ready=True  reason=Succeeded  "Applied"')


def test_a_denial_for_good_needs_the_stalled_condition() -> None:
    ready = {"type": "Ready", "status": "False", "reason": "AccessDenied", "message": "blocked"}
    expect(subject(with_conditions(ready, {"type": "Stalled", "status": "True"}))).is_denied(
        reason="AccessDenied", message="blocked", stalled=True
    )
    with pytest.raises(Breakdown):
        expect(subject(with_conditions(ready))).is_denied(reason="AccessDenied", message="blocked", stalled=True)


@pytest.mark.parametrize("first", [state("True"), state("False", "BuildFailed")])
def test_an_object_is_judged_when_it_is_ready_or_failed_for_the_reason(first: Manifest) -> None:
    assert given(subject(first)).is_judged(reason="BuildFailed") == first


@pytest.mark.parametrize("first", [None, state("Unknown"), state("False", "ArtifactFailed")])
def test_an_object_that_waits_for_its_source_is_not_judged(first: Manifest | None) -> None:
    with pytest.raises(Breakdown, match="was not judged within 0 s"):
        given(subject(first)).is_judged(reason="BuildFailed")


# answers


def test_a_refusal_needs_its_status_and_all_its_texts() -> None:
    expect(answer(403, "ValidatingAdmissionPolicy 'p' denied request: no")).is_refused(message=("'p'", "denied"))
    for status, message in ((422, "denied"), (403, "exceeded quota")):
        with pytest.raises(Breakdown, match="was refused for another reason"):
            expect(answer(status, message)).is_refused(message="denied")


def test_a_request_that_went_through_is_a_finding() -> None:
    with pytest.raises(Finding, match="create x as tenant was not refused"):
        expect(answer(200)).is_refused(message="denied")


def test_a_request_that_should_go_through() -> None:
    assert expect(answer(201)).is_admitted() == MANIFEST
    with pytest.raises(Finding):
        expect(answer(403)).is_admitted()
    with pytest.raises(Breakdown):
        given(answer(403)).is_admitted()


# traces


def test_an_object_that_is_there_is_harm() -> None:
    one = subject(state("True"))
    with pytest.raises(Finding, match="shared-b/ConfigMap/loot exists: the attack had its effect"):
        expect(one).leaves_no_trace("ConfigMap/loot", namespace="shared-b")
    assert cast("FakeEvidence", one.scenario.evidence).kinds == ["harm"]


def test_of_dry_runs_absence_shows_nothing() -> None:
    one = subject(state("True"))
    cast("FakeScenario", one.scenario).leaves = False
    expect(one).leaves_no_trace("ConfigMap/loot", namespace="shared-b")
    assert (one.scenario.denials, one.scenario.planes) == (0, {})


def test_absence_is_kept_as_evidence() -> None:
    one = subject(None)
    expect(one).leaves_no_trace("ConfigMap/loot", namespace="shared-b")
    assert cast("FakeEvidence", one.scenario.evidence).kinds == ["absence"]


# plain statements


def test_a_plain_statement_is_a_finding_and_a_plain_precondition_a_breakdown() -> None:
    expect_that([1], "holds", wanted="", observed="")
    given_that("text", "holds")
    with pytest.raises(Finding, match="what\n  wanted    a\n  observed  b"):
        expect_that([], "what", wanted="a", observed="b")
    with pytest.raises(Breakdown, match="what\n  observed  b"):
        given_that(None, "what", observed="b")
