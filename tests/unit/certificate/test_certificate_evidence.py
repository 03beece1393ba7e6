"""Who was let in, and what came last: what a set of decisions alone does not tell."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.certificates import FAILED, PLATFORM, TENANT, Edit, nothing, release

from conformance.certificate.compare import Reported, compare
from conformance.certificate.schema import Change, Direction
from conformance.certificate.signals import Decision, signals
from conformance.errors import InputError
from conformance.model import Outcome
from conformance.report.schema import EvidenceFile
from conformance.report.write import load_report


def changed(root: Path, before: Edit | dict[str, Any], after: Edit | dict[str, Any]) -> Change:
    """Return what became of one check from a release to the next."""
    sides = [release(root / v, v, n, {"F01": edit}) for n, (v, edit) in enumerate({"1": before, "2": after}.items())]
    (row,) = compare(*(Reported(load_report(folder), folder) for folder in sides)).rows
    return row


def asked(*answers: tuple[str, int]) -> Edit:
    """Let identities ask for one thing, one after the other: each with the status that it is given."""

    def edit(known: dict[str, Any]) -> None:
        request = known.pop("answer")["request"]
        for number, (who, status) in enumerate(answers):
            reason = "Forbidden" if status == 403 else ""
            known[f"answer {number}"] = {
                "who": who, "request": request, "status": status, "reason": reason, "message": ""
            }  # fmt: skip

    return edit


ADMIN_ONLY, TENANT_ONLY = asked((PLATFORM, 200), (TENANT, 403)), asked((PLATFORM, 403), (TENANT, 200))
CLOSED_AGAIN, LEFT_OPEN = (asked((TENANT, 403), (TENANT, 200), (TENANT, last)) for last in (403, 200))
OTHER = "system:serviceaccount:shared-b:flux"


@pytest.mark.parametrize(
    ("before", "after", "direction", "aspect"),
    [
        (ADMIN_ONLY, ADMIN_ONLY, Direction.UNCHANGED, ""),
        (ADMIN_ONLY, TENANT_ONLY, Direction.LOOSER, "decision"),
        (CLOSED_AGAIN, CLOSED_AGAIN, Direction.UNCHANGED, ""),
        (CLOSED_AGAIN, LEFT_OPEN, Direction.LOOSER, "decision"),
        (LEFT_OPEN, CLOSED_AGAIN, Direction.STRICTER, "decision"),
        (ADMIN_ONLY, asked((PLATFORM, 200), (OTHER, 403)), Direction.INCOMPARABLE, "identity"),
        (ADMIN_ONLY, asked((PLATFORM, 403), (OTHER, 200)), Direction.LOOSER, "decision"),
        (ADMIN_ONLY, asked((PLATFORM, 200), (TENANT, 403), (OTHER, 200)), Direction.LOOSER, "identity"),
        (ADMIN_ONLY, asked((PLATFORM, 200), (TENANT, 409)), Direction.INCOMPARABLE, "reason"),
    ],
)
def test_who_was_allowed_and_what_came_last_count(
    tmp_path: Path, before: Edit, after: Edit, direction: Direction, aspect: str
) -> None:
    row = changed(tmp_path, before, after)
    assert (row.direction, aspect in {one.aspect for one in row.differences}) == (direction, bool(aspect))


def looked(*found: str) -> Edit:
    def edit(known: dict[str, Any]) -> None:
        known["found"] = {"what": "a tenant is bound elsewhere", "found": list(found)}

    return edit


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (looked(), looked(), Direction.UNCHANGED),
        (looked(), looked("a binding"), Direction.LOOSER),
        (looked("a binding"), looked(), Direction.STRICTER),
        (looked("one"), looked("another"), Direction.UNCHANGED),
    ],
)
def test_what_is_found_for_the_first_time_is_looser(
    tmp_path: Path, before: Edit, after: Edit, direction: Direction
) -> None:
    assert changed(tmp_path, before, after).direction is direction


def test_what_was_found_is_named_in_words(tmp_path: Path) -> None:
    (said,) = changed(tmp_path, looked(), looked("a binding")).differences
    assert (said.subject, said.before, said.after) == ("a tenant is bound elsewhere", "not found", "found")


def beside(who: str, status: int = 200) -> Edit:
    def edit(known: dict[str, Any]) -> None:
        said = {"who": who, "request": "get b/Secret/keys", "status": status, "reason": "", "message": ""}
        known["answer second"] = said

    return edit


@pytest.mark.parametrize(
    ("edit", "direction"),
    [
        (beside(TENANT), Direction.LOOSER),
        (beside(PLATFORM), Direction.INCOMPARABLE),
        (beside(TENANT, 403), Direction.INCOMPARABLE),
    ],
)
def test_a_tenant_that_is_let_in_where_nobody_asked_before_is_looser(
    tmp_path: Path, edit: Edit, direction: Direction
) -> None:
    assert changed(tmp_path, nothing, edit).direction is direction


def test_two_results_of_which_one_is_an_escape_are_looser(tmp_path: Path) -> None:
    before, after = (release(tmp_path / v, v, 1, {"F01": nothing}) for v in ("1", "2"))
    known = load_report(after)
    failed = known.results[0].model_copy(update={"result": Outcome.FAILED})
    for second, direction in ((failed, Direction.LOOSER), (known.results[0], Direction.INCOMPARABLE)):
        twice = known.model_copy(update={"results": (known.results[0], second)})
        (row,) = compare(Reported(load_report(before), before), Reported(twice, after)).rows
        assert row.direction is direction


def test_a_check_that_had_not_passed_before_is_no_escape_of_the_release(tmp_path: Path) -> None:
    row = changed(tmp_path, {**FAILED, "outcome": Outcome.ERROR}, FAILED)
    assert row.direction is Direction.INCOMPARABLE


def test_the_audit_log_names_the_object(tmp_path: Path) -> None:
    def other(known: dict[str, Any]) -> None:
        known["audit"]["name"] = "somebody-elses"

    assert changed(tmp_path, nothing, other).direction is Direction.INCOMPARABLE


def added(folder: Path, name: str, content: Any, kind: str) -> EvidenceFile:
    data = content if isinstance(content, bytes) else yaml.safe_dump(content).encode()
    (folder / "evidence" / name).write_bytes(data)
    return EvidenceFile(path=f"evidence/{name}", sha256=hashlib.sha256(data).hexdigest(), kind=kind)


def test_which_of_several_forbidden_objects_the_log_named_first_is_no_difference(tmp_path: Path) -> None:
    folder = release(tmp_path, "1", 1, {"F01": nothing})
    row = load_report(folder).results[0]
    entry = {"user": TENANT, "verb": "create", "group": "", "resource": "pods", "subresource": "", "namespace": "a"}
    seen = set()
    for name in ("one", "other"):
        file = added(folder, f"01-audit-forbidden-{name}.yaml", {**entry, "name": name, "code": 403}, "audit")
        seen.update(signals(row.model_copy(update={"evidence": (file,)}), folder))
    assert [signal.subject for signal in seen] == ["create pods in a"]


def test_refusals_that_others_were_given_are_denials(tmp_path: Path) -> None:
    folder = release(tmp_path, "1", 1, {"F01": nothing})
    row = load_report(folder).results[0]
    file = added(folder, "events.yaml", ["pods is forbidden", "pods is forbidden"], "answer")
    found = signals(row.model_copy(update={"evidence": (file,)}), folder)
    assert {(one.plane, one.decision, one.words) for one in found} == {("answer", Decision.DENIED, "pods is forbidden")}


@pytest.mark.parametrize(
    ("kind", "status", "decisions"),
    [
        ("ReplicaFailure", "True", {Decision.DENIED}),
        ("ReplicaFailure", "False", {Decision.OPEN}),
        ("Ready", "Unknown", {Decision.OPEN}),
        ("Available", "False", set()),
    ],
)
def test_what_a_condition_decides(tmp_path: Path, kind: str, status: str, decisions: set[Decision]) -> None:
    folder = release(tmp_path, "1", 1, {"F01": nothing})
    row = load_report(folder).results[0]
    said = {"type": kind, "status": status, "reason": "FailedCreate", "message": "forbidden"}
    state = {"kind": "Deployment", "metadata": {"name": "x", "generation": 1}, "status": {"conditions": [said]}}
    file = added(folder, "x.yaml", state, "conditions")
    found = signals(row.model_copy(update={"evidence": (file,)}), folder)
    assert {signal.decision for signal in found} == decisions


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (["one"], "conditions", "is no evidence of kind"),
        ({"object": "a/b/c"}, "denied", "is no evidence of kind"),
        ("words", "answer", "is no evidence of kind"),
        (b"status: 403\nstatus: 200\nwho: x\nrequest: x\nreason: x\nmessage: x\n", "answer", "a second time"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\n", "answer", "an alias"),
        (b"a: &a [*a]\n", "answer", "alias"),
    ],
)
def test_evidence_that_says_nothing_or_two_things_is_refused(
    tmp_path: Path, content: Any, kind: str, said: str
) -> None:
    folder = release(tmp_path, "1", 1, {"F01": nothing})
    row = load_report(folder).results[0]
    file = added(folder, "x.yaml", content, kind)
    with pytest.raises(InputError, match=said):
        signals(row.model_copy(update={"evidence": (file,)}), folder)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + "verdict: conformant\n",
        lambda text: text.replace("verdict: conformant", "verdict: &x conformant", 1) + "notes2: *x\n",
    ],
)
def test_a_report_that_says_a_thing_twice_is_refused(tmp_path: Path, edit: Callable[[str], str]) -> None:
    folder = release(tmp_path, "1", 1, {"F01": nothing})
    file = folder / "report.yaml"
    file.write_text(edit(file.read_text()))
    with pytest.raises(InputError, match=r"a second time|an alias"):
        load_report(folder)
