"""What is asked while a policy comes into force leaves the evidence of the last answer alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.errors import WaitTimeout
from conformance.evidence import EvidenceFolder
from conformance.observing import Observing
from conformance.settings import Timeouts


class Asking:
    """Answers with what it was given, one after the other, as a check's own request does: with evidence of each."""

    def __init__(self, root: Path, answers: list[str]) -> None:
        self.answers = iter(answers)
        self.observing = Observing()
        self.observing.evidence = EvidenceFolder(root, "evidence/B44", str)
        self.observing.platform = cast(Any, SimpleNamespace(timeouts=Timeouts(policy_enforced=2.0)))
        self.observing.evidence.record("conditions", "source", "Ready\n")

    def ask(self) -> str:
        answer = next(self.answers, "allowed")
        self.observing.evidence.record("answer", "create x", f"{answer}\n")
        return answer

    def kept(self, root: Path) -> list[str]:
        files = [file.path for file in self.observing.evidence.files()]
        assert sorted(files) == sorted(str(path.relative_to(root)) for path in root.rglob("*.txt"))
        return [(root / path).read_text().strip() for path in files]


def test_the_answer_that_holds_is_all_that_is_kept_of_the_wait(tmp_path: Path) -> None:
    asking = Asking(tmp_path, ["allowed", "allowed", "denied"])
    answer = asking.observing.until_enforced(asking.ask, lambda said: said == "denied", what="the policy bites")
    assert answer == "denied"
    assert asking.kept(tmp_path) == ["Ready", "denied"]


def test_where_no_answer_holds_the_last_one_stays(tmp_path: Path) -> None:
    asking = Asking(tmp_path, [])
    with pytest.raises(WaitTimeout, match="the policy bites"):
        asking.observing.until_enforced(asking.ask, lambda said: said == "denied", what="the policy bites")
    assert asking.kept(tmp_path) == ["Ready", "allowed"]
