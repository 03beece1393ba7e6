"""A folder that somebody made to break `verify`: each of its files is named, and nothing else happens."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.certificates import call, given_pair, named, nothing

from conformance.certificate.folder import (
    CERTIFICATE_FILE,
    DIGESTS_FILE,
    ENVELOPE_FILE,
    STATEMENT_FILE,
    sha256,
    write_certificate,
)
from conformance.certificate.verify import Problem, verify
from conformance.errors import InputError


@pytest.mark.parametrize("text", ["[" * 300_000, "kind: 2026-02-31\n", f"exitCode: {'9' * 5000}\n"])
@pytest.mark.parametrize("name", [CERTIFICATE_FILE, "before/report.yaml", "surface/after.yaml"])
def test_yaml_that_readers_break_on_is_named(made: Path, certificate: Path, name: str, text: str) -> None:
    (certificate / name).write_text(text)
    assert name in named(certificate, made)


def test_an_envelope_that_readers_break_on_is_named(made: Path, certificate: Path) -> None:
    (certificate / ENVELOPE_FILE).write_text("[" * 300_000)
    assert named(certificate, made) == {ENVELOPE_FILE}


@pytest.mark.parametrize("name", [CERTIFICATE_FILE, DIGESTS_FILE, ENVELOPE_FILE, STATEMENT_FILE, "after/report.yaml"])
def test_a_huge_file_is_named_and_not_read(
    made: Path, certificate: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(certificate / name, 1 << 40)  # with nothing in it: it takes no room
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("it was opened"))
    (problem,) = verify(certificate, made / "own.pub").problems
    assert str(problem) == f"{name}: it was edited: none is larger than 64 MiB"


def test_no_certificate_is_made_of_a_huge_file(tmp_path: Path) -> None:
    given = given_pair(tmp_path, {"F01": nothing})
    os.truncate(next((tmp_path / "2.9.5").rglob("*absence*")), 1 << 40)
    with pytest.raises(InputError, match="is larger than 64 MiB"):
        write_certificate(tmp_path / "c", given, "", None)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"two\nlines", "WRONG  two\nlines: it was added"),
        (b"\x1b[2Jcleared", "WRONG  \\x1b[2Jcleared: it was added"),
        (b"no \xff text", "WRONG  no \\udcff text: it was added"),
    ],
)
def test_a_name_cannot_move_the_terminal_nor_break_it(certificate: Path, name: bytes, said: str) -> None:
    (certificate / os.fsdecode(name)).write_text("x")
    result = call("verify", certificate, "--unsigned")
    assert (result.exit_code, said in result.output) == (1, True), result.output
    assert "\x1b" not in result.output


def failing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def fail(path: Any, *args: Any) -> Any:
        if Path(os.fspath(path)).name == name:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return original(path, *args)

    return fail


def test_a_file_that_may_not_be_read_is_named(made: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.certificate.verify.sha256", failing("catalog.md", sha256))
    found = verify(certificate, made / "own.pub").problems
    assert found == (Problem(file="catalog.md", said="it cannot be read: Permission denied"),)


def test_a_folder_that_may_not_be_looked_into_is_named(
    made: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (certificate / "after" / "more").mkdir()
    monkeypatch.setattr(os, "scandir", failing("more", os.scandir))
    found = verify(certificate, made / "own.pub").problems
    assert found == (Problem(file="after/more", said="it cannot be looked into: Permission denied"),)
