"""`flux-tenancy verify`: what it opens, what it makes again, and what it takes for the words of another suite."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.certificates import call, named, resealed

from conformance.certificate import page
from conformance.certificate.folder import (
    CERTIFICATE_FILE,
    DIGESTS_FILE,
    ENVELOPE_FILE,
    HTML_FILE,
    MARKDOWN_FILE,
    STATEMENT_FILE,
    read_certificate,
)
from conformance.certificate.schema import Answer, Certificate
from conformance.certificate.verify import Verified, verify
from conformance.report.document import to_yaml


def verified(folder: Path, made: Path) -> Verified:
    return verify(folder, made / "own.pub")


@pytest.mark.parametrize("name", [MARKDOWN_FILE, HTML_FILE])
def test_a_page_in_the_words_of_another_suite_is_noted_and_no_problem(made: Path, certificate: Path, name: str) -> None:
    (certificate / name).write_text("May it? yes, in other words")
    assert name in named(certificate, made)  # its digest is another one
    resealed(certificate, made)
    found = verified(certificate, made)
    assert (found.problems, [note.file for note in found.notes]) == ((), [name])
    result = call("verify", certificate, "--key", made / "own.pub")
    assert (result.exit_code, f"note   {name}: held by its digest alone" in result.output) == (0, True), result.output


def test_a_suite_with_other_words_verifies_what_this_one_wrote(
    made: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(page.ANSWERS, Answer.YES, "All is as it was.")  # type: ignore[arg-type]
    found = verified(certificate, made)
    assert (found.problems, {note.file for note in found.notes}) == ((), {MARKDOWN_FILE, HTML_FILE})


def reworded(known: Certificate) -> dict[str, Any]:
    return {"provisional_reasons": ("said otherwise",) * len(known.provisional_reasons), "reproduce": "flux-tenancy …"}


def unreserved(_known: Certificate) -> dict[str, Any]:
    return {"provisional_reasons": ()}


def no_upgrade_wanted(known: Certificate) -> dict[str, Any]:
    return {"platform": known.platform.model_copy(update={"kubernetes": "v9.9.9"})}


@pytest.mark.parametrize(
    ("edit", "fields"),
    [(reworded, set()), (unreserved, {"provisional_reasons"}), (no_upgrade_wanted, {"platform"})],
)
def test_what_decides_is_made_again_and_sentences_are_not(
    made: Path, certificate: Path, edit: Callable[[Certificate], dict[str, Any]], fields: set[str]
) -> None:
    known = read_certificate(certificate)
    (certificate / CERTIFICATE_FILE).write_text(to_yaml(known.model_copy(update=edit(known))))
    resealed(certificate, made)
    said = {problem.said for problem in verified(certificate, made).problems}
    assert said == {f"'{field}' does not follow from the reports and their evidence" for field in fields}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: f"# mayUpgrade: no\n{text}", "it says more than its fields"),
        (lambda text: f"{text}mayUpgrade: yes\n", "the key 'mayUpgrade' a second time"),
        (lambda text: text.replace("mayUpgrade: 'yes'", 'mayUpgrade: "yes"'), "it says more than its fields"),
    ],
)
def test_a_certificate_that_says_more_than_its_fields_is_found(
    made: Path, certificate: Path, edit: Callable[[str], str], said: str
) -> None:
    file = certificate / CERTIFICATE_FILE
    whole = file.read_text()
    file.write_text(edit(whole))
    assert file.read_text() != whole
    if "second time" not in said:  # which cannot be sealed, since it cannot be read
        resealed(certificate, made)
    assert any(said in problem.said for problem in verified(certificate, made).problems)


@pytest.mark.parametrize("name", [DIGESTS_FILE, STATEMENT_FILE, ENVELOPE_FILE, CERTIFICATE_FILE, "after/report.yaml"])
def test_a_pipe_in_place_of_a_file_is_named_and_not_opened(made: Path, certificate: Path, name: str) -> None:
    (certificate / name).unlink()
    os.mkfifo(certificate / name)
    assert named(certificate, made) == {name}


@pytest.mark.parametrize("name", ["empty", "before/evidence/staging/Z99"])
def test_an_empty_folder_is_named(made: Path, certificate: Path, name: str) -> None:
    (certificate / name).mkdir()
    assert named(certificate, made) == {name}


@pytest.mark.parametrize(("name", "problems"), [("2.9.2-2.9.5", 0), ("2.9.5-2.9.2", 1), ("mine", 0)])
def test_a_folder_that_is_called_by_another_pair_is_found(
    made: Path, certificate: Path, name: str, problems: int
) -> None:
    folder = certificate.rename(certificate.with_name(name))
    found = verified(folder, made).problems
    assert len(found) == problems
    assert all("it is of 2.9.2-2.9.5, and its folder is called '2.9.5-2.9.2'" in problem.said for problem in found)


def test_under_a_wrong_signature_nothing_is_made_again(
    made: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.certificate.verify._again", lambda *_: pytest.fail("reports were read"))
    envelope = certificate / ENVELOPE_FILE
    envelope.write_bytes(envelope.read_bytes().replace(b'"sig"', b'"Sig"'))
    assert named(certificate, made) == {ENVELOPE_FILE}
