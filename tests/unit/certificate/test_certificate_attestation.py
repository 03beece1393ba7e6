"""An attestation of a certificate: what is signed, what comes back, who signed it, and what of it was edited."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.certificates import call, certified, given_pair, nothing
from support.sigstore_records import ISSUER, WORKFLOW, Records

from conformance.certificate import attestation, keyless
from conformance.certificate.attestation import PREDICATE_FILE, SUBJECTS_FILE, add_bundle, problem, write_parts
from conformance.certificate.folder import (
    BUNDLE_DIGEST_FILE,
    BUNDLE_FILE,
    STATEMENT_FILE,
    sha256,
    sums,
    write_certificate,
)
from conformance.certificate.index import markdown
from conformance.certificate.statement import PREDICATE_TYPE
from conformance.certificate.verify import Trust, verify
from conformance.errors import InputError

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def records() -> Records:
    return Records()


@pytest.fixture(scope="module")
def trust(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Trust:
    root = records.write_root(tmp_path_factory.mktemp("trust") / "root.json")
    return Trust(root=root, identity=WORKFLOW, issuer=ISSUER)


@pytest.fixture
def attested(certificate: Path, records: Records, tmp_path: Path) -> Path:
    """Return a certificate with an attestation beside its signature."""
    came = tmp_path / "attestation.json"
    bundle = records.attested((certificate / STATEMENT_FILE).read_bytes())
    came.write_text(json.dumps({**bundle, "messageSignature": None}) + "\n")
    add_bundle(certificate, came)
    return certificate


def resealed(certificate: Path, edit: Edit) -> None:
    """Edit the bundle, and make its digest fit, as anybody could."""
    path = certificate / BUNDLE_FILE
    known = json.loads(path.read_text())
    edit(known)
    path.write_bytes(attestation._normal(known))
    (certificate / BUNDLE_DIGEST_FILE).write_bytes(sums({BUNDLE_FILE: sha256(path)}))


def material(bundle: dict[str, Any]) -> Any:
    return bundle["verificationMaterial"]


def test_what_is_attested_is_the_statement_in_two_parts(certificate: Path, tmp_path: Path) -> None:
    write_parts(tmp_path / "parts", certificate)
    statement = json.loads((certificate / STATEMENT_FILE).read_text())
    assert json.loads((tmp_path / "parts" / PREDICATE_FILE).read_text()) == statement["predicate"]
    assert statement["predicateType"] == PREDICATE_TYPE
    lines = [line.split("  ", 1) for line in (tmp_path / "parts" / SUBJECTS_FILE).read_text().splitlines()]
    assert [{"name": name, "digest": {"sha256": digest}} for digest, name in lines] == statement["subject"]
    # `actions/attest` names each pair once.
    assert len(set(map(tuple, lines))) == len(lines)


def test_an_attestation_is_right_where_a_root_of_trust_vouches_for_who_is_expected(
    attested: Path, trust: Trust
) -> None:
    found = verify(attested, None, trust)
    assert (found.problems, found.signed, found.attested_by) == ((), True, WORKFLOW)
    assert found.notes == ()


def test_without_a_root_of_trust_nobody_has_signed(attested: Path) -> None:
    found = verify(attested, None)
    assert (found.problems, found.signed, found.attested_by) == ((), False, "")
    (note,) = found.notes
    assert f"by its own word {WORKFLOW!r} signed it: the signer's chain was not checked" in note.said
    assert f"--bundle {attested / BUNDLE_FILE} --predicate-type {PREDICATE_TYPE} --repo OWNER/REPO" in note.said


def test_a_local_key_vouches_for_no_attestation(attested: Path, made: Path) -> None:
    found = verify(attested, made / "own.pub")
    assert (found.problems, found.signed, found.attested_by) == ((), True, "")
    assert [note.file for note in found.notes] == [BUNDLE_FILE]


def test_roots_of_trust_may_stand_in_lines(attested: Path, records: Records, tmp_path: Path) -> None:
    """As `gh attestation trusted-root` prints them: GitHub's own has no log that is public."""
    own = {**Records().root, "tlogs": [], "ctlogs": []}
    less = {name: part for name, part in own.items() if part}
    lines = [json.dumps(root) for root in (own, less, {"mediaType": "new"}, Records().root, records.root)]
    (tmp_path / "roots.jsonl").write_text("\n".join(lines) + "\n")
    assert verify(attested, None, Trust(root=tmp_path / "roots.jsonl", identity=WORKFLOW, issuer=ISSUER)).signed
    (tmp_path / "roots.jsonl").write_text("\n".join(lines[:-1]))
    assert not verify(attested, None, Trust(root=tmp_path / "roots.jsonl", identity=WORKFLOW, issuer=ISSUER)).signed


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("identity", WORKFLOW.replace("main", "other"), "nobody vouches for its signature: "),
        ("identity", WORKFLOW.removesuffix("n"), "nobody vouches for its signature: "),
        ("issuer", "https://issuer.example", "nobody vouches for its signature: "),
    ],
)
def test_an_attestation_of_somebody_else_is_wrong(
    attested: Path, trust: Trust, field: str, value: str, said: str
) -> None:
    given = {"root": trust.root, "identity": trust.identity, "issuer": trust.issuer, field: value}
    found = verify(attested, None, Trust(**given))  # type: ignore[arg-type]
    (wrong,) = found.problems
    assert (wrong.file, said in wrong.said, found.signed) == (BUNDLE_FILE, True, False)


def test_a_certificate_without_an_attestation_lacks_it_for_a_root_of_trust(certificate: Path, trust: Trust) -> None:
    found = verify(certificate, None, trust)
    assert [(one.file, one.said) for one in found.problems] == [
        (BUNDLE_FILE, "it is missing: nobody attested this certificate")
    ]
    assert not found.signed


def test_every_edited_byte_of_an_attestation_is_found_without_a_root_of_trust(attested: Path) -> None:
    for name in (BUNDLE_FILE, BUNDLE_DIGEST_FILE):
        whole = (attested / name).read_bytes()
        for place in range(len(whole)):
            (attested / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert attestation.digest_problem(attested) is not None, (name, place)
        for spoilt in (b"", whole[:-1], whole + b"\n"):
            (attested / name).write_bytes(spoilt)
            assert [one.file for one in verify(attested, None).problems][:1] == [BUNDLE_FILE]
        (attested / name).unlink()
        assert [one.file for one in verify(attested, None).problems] == [name]
        (attested / name).write_bytes(whole)
    assert verify(attested, None).problems == ()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))
    else:
        yield path


def altered(text: str, place: int) -> str:
    other = "1" if text[place] == "2" else "2" if text[place].isdigit() else "B" if text[place] == "A" else "A"
    return text[:place] + other + text[place + 1 :]


def test_with_a_root_of_trust_every_value_is_held_by_a_signature(
    certificate: Path, records: Records, trust: Trust
) -> None:
    """Also if digests are made again: then nothing else holds it."""
    statement = (certificate / STATEMENT_FILE).read_bytes()
    whole = records.attested(statement)

    def said(bundle: dict[str, Any]) -> str:
        data = attestation._normal(bundle)
        return problem(data, statement) or keyless.problem(data, trust.root, trust.identity, trust.issuer)

    assert said(whole) == ""
    seen = 0
    for path in leaves(whole):
        part: Any = (known := copy.deepcopy(whole))
        for key in path[:-1]:
            part = part[key]
        text = str(part[path[-1]])
        for place in sorted({0, len(text) // 3, len(text) // 2, len(text) - 1}) if text else ():
            part[path[-1]] = altered(text, place)
            assert said(known), (path, place)
            seen += 1
        del part[path[-1]]
        assert said(known) or path[-1] == "keyid", path
    assert seen > 40


@pytest.mark.parametrize(
    ("edit", "wrong"),
    [
        (lambda b: b.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.3"), "one signature"),
        (lambda b: b["dsseEnvelope"].update(payloadType="application/json"), "its payload is of type"),
        (lambda b: b["dsseEnvelope"]["signatures"][0].update(keyid="x"), "one signature"),
        (lambda b: b["dsseEnvelope"].update(signatures=[]), "no Sigstore bundle"),
        (lambda b: b["dsseEnvelope"].update(signatures=2 * b["dsseEnvelope"]["signatures"]), "no Sigstore bundle"),
        (lambda b: b["dsseEnvelope"].update(payload="e30="), "_type, predicate, predicateType, subject differ"),
        (lambda b: b["dsseEnvelope"].update(payload="W10="), "no JSON object"),
        (lambda b: b["dsseEnvelope"].update(payload="eyJhIjoxLCJhIjoyfQ=="), "a field is there twice"),
        (lambda b: b.pop("dsseEnvelope"), "no Sigstore bundle"),
        (lambda b: b.update(dsseEnvelope="x"), "no Sigstore bundle"),
    ],
)
def test_a_bundle_of_something_else_is_named(attested: Path, edit: Edit, wrong: str) -> None:
    resealed(attested, edit)
    (found,) = verify(attested, None).problems
    assert (found.file, wrong in found.said) == (BUNDLE_FILE, True), found.said


@pytest.mark.parametrize(
    "edit",
    [
        lambda b: b.update(more="x"),
        lambda b: material(b).update(more="x"),
        lambda b: material(b)["tlogEntries"].append(material(b)["tlogEntries"][0]),
        lambda b: material(b).update(tlogEntries=[]),
        lambda b: material(b)["certificate"].update(rawBytes=material(b)["certificate"]["rawBytes"] + "\n"),
        lambda b: material(b)["tlogEntries"][0].update(logIndex="00"),
        lambda b: material(b)["tlogEntries"][0].pop("inclusionPromise"),
        lambda b: material(b)["tlogEntries"][0].pop("inclusionProof"),
    ],
)
def test_what_nobody_signed_is_found_with_a_root_of_trust(attested: Path, trust: Trust, edit: Edit) -> None:
    resealed(attested, edit)
    found = verify(attested, None, trust)
    assert ([one.file for one in found.problems], found.signed) == ([BUNDLE_FILE], False)


def test_a_bundle_that_the_library_cannot_read_names_no_signer(attested: Path) -> None:
    """As those of private repositories, whose log nobody may read."""
    resealed(attested, lambda b: material(b).update(tlogEntries=[]))
    (note,) = verify(attested, None).notes
    assert "by whom, this library cannot read: the signer's chain was not checked" in note.said


def test_a_signer_cannot_write_to_the_terminal(certificate: Path, records: Records, tmp_path: Path) -> None:
    bundle = records.attested((certificate / STATEMENT_FILE).read_bytes(), "https://github.com/o/r;id/.github/\x1b[2J")
    (tmp_path / "b.json").write_text(json.dumps(bundle))
    add_bundle(certificate, tmp_path / "b.json")
    (note,) = verify(certificate, None).notes
    assert "\x1b" not in note.said
    assert "\\x1b[2J" in note.said


def test_among_several_bundles_that_of_the_statement_is_taken(
    certificate: Path, made: Path, records: Records, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    write_certificate(other / "c", given_pair(other, {"F02": nothing}), "# Catalog\n", None)
    came = tmp_path / "came"
    for name, folder in (("a", other / "c"), ("b", certificate)):
        (came / name).mkdir(parents=True)
        bundle = records.attested((folder / STATEMENT_FILE).read_bytes())
        (came / name / "attestation.json").write_text(json.dumps(bundle))
    (came / "0.json").write_bytes(b"\xff")
    result = call("certificate-attestation", certificate, came)
    assert result.exit_code == 0, result.output
    assert verify(certificate, None).problems == ()
    add_bundle(certificate, came)  # the same once more
    (came / "b" / "attestation.json").write_text(
        json.dumps(records.attested((certificate / STATEMENT_FILE).read_bytes()))
    )
    with pytest.raises(InputError, match=f"has another {BUNDLE_FILE}"):
        add_bundle(certificate, came)
    (came / "b" / "attestation.json").unlink()
    (certificate / BUNDLE_FILE).unlink()
    with pytest.raises(InputError, match=r"no bundle is of the statement of .*0\.json': it is no bundle.*differ"):
        add_bundle(certificate, came)
    with pytest.raises(InputError, match="nothing is in"):
        add_bundle(certificate, came / "b")
    with pytest.raises(InputError, match="cannot read"):
        add_bundle(certificate, tmp_path / "no-such-file")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"mediaType": "x"}', "\x00"])
def test_a_root_of_trust_that_is_none_is_refused(attested: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "root").write_text(text)
    with pytest.raises(InputError):
        verify(attested, None, Trust(root=tmp_path / "root", identity=WORKFLOW, issuer=ISSUER))
    with pytest.raises(InputError, match="cannot read the root of trust"):
        verify(attested, None, Trust(root=tmp_path / "none", identity=WORKFLOW, issuer=ISSUER))


@pytest.mark.usefixtures("surfaces")
def test_the_commands_from_certificate_to_verification(tmp_path: Path, records: Records, trust: Trust) -> None:
    certified(tmp_path, nothing, "--attestation", tmp_path / "parts")
    folder = tmp_path / "c"
    parts = tmp_path / "parts"
    assert sorted(path.name for path in parts.iterdir()) == [PREDICATE_FILE, SUBJECTS_FILE]
    (tmp_path / "b.json").write_text(json.dumps(records.attested((folder / STATEMENT_FILE).read_bytes())))
    assert call("certificate-attestation", folder, tmp_path / "b.json").exit_code == 0
    for words, code, said in (
        ((), 10, "the signer's chain was not checked"),
        (("--unsigned",), 0, "its signature was not looked at"),
        (("--trusted-root", trust.root, "--identity", WORKFLOW), 0, f"is right: {WORKFLOW} attested it"),
        (("--trusted-root", trust.root, "--identity", "https://x.example/w"), 1, f"WRONG  {BUNDLE_FILE}"),
    ):
        result = call("verify", folder, *words)
        assert (result.exit_code, said in result.output) == (code, True), result.output
    (tmp_path / "published").mkdir()
    folder.rename(tmp_path / "published" / "c")
    assert "| an attestation |" in markdown(tmp_path / "published")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--trusted-root", "x"), "--trusted-root and --identity belong together"),
        (("--identity", "x"), "--trusted-root and --identity belong together"),
        (("--unsigned", "--trusted-root", "x", "--identity", "y"), "--unsigned excludes"),
        (("--unsigned", "--key", "x"), "--unsigned excludes"),
    ],
)
def test_words_that_exclude_each_other_are_refused(certificate: Path, words: Sequence[str], said: str) -> None:
    assert said in str(call("verify", certificate, *words).exception)
