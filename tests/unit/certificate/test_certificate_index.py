"""The index of published certificates, and the command that makes one again."""

import shlex
from pathlib import Path

import pytest
from support.certificates import FAILED, NO_SURFACE_LEFT, call, certified, nothing, pair, release, upgraded

from conformance import certificate_cli
from conformance.certificate import index
from conformance.certificate.compose import compose
from conformance.certificate.folder import CERTIFICATE_FILE, ENVELOPE_FILE, given_by, read_certificate

pytestmark = pytest.mark.usefixtures("surfaces")


def test_the_index_claims_no_identity_that_it_cannot_see(tmp_path: Path) -> None:
    certified(tmp_path)
    (tmp_path / "published").mkdir()
    (tmp_path / "c").rename(tmp_path / "published" / "c")
    assert "| no local key |" in index.markdown(tmp_path / "published")


def test_the_command_that_makes_it_again_is_one_and_names_what_it_lacks(tmp_path: Path) -> None:
    certified(tmp_path)
    command, _, lacks = read_certificate(tmp_path / "c").reproduce.partition("  # ")
    program, *words = shlex.split(command)
    own, further = words[: words.index("--")], words[words.index("--") + 1 :]
    assert call(*own, "--help").exit_code == 0  # an option that does not exist ends with 2
    assert call(*own, "--no-such-option", "--help").exit_code == 2
    assert program == "flux-tenancy"
    assert further == ["--flux-sync=git", "--flux-onboarding=base"]
    assert lacks == (
        f"supply --fleet: the fleet 'reference' with SHA-256 {'f1' * 32}; --tenant: the tenant with SHA-256 {'7e' * 32}"
    )


def test_on_kind_it_names_kubernetes_and_what_was_left_out(tmp_path: Path) -> None:
    every = frozenset({"staging/F01", "staging/F02"})
    fields = {"provider": "kind", "catalog": every}
    before = release(tmp_path / "a", "2.9.2", 1, {"F01": nothing}, **fields)
    after = release(tmp_path / "b", "2.9.5", 2, {"F01": nothing}, **fields)
    said = compose(given_by(before, after, None)).reproduce
    assert "--flux-kubernetes-version=v1.36.3" in said
    assert "-k of certify: 1 of 2 checks were left out" in said


def test_an_upgrade_in_place_is_made_again_first(tmp_path: Path) -> None:
    before, after = pair(tmp_path, {"F01": nothing})
    known = compose(given_by(before, after, None, upgraded(tmp_path, bootstrap="cli")))
    first, then = (shlex.split(one) for one in known.reproduce.partition("  # ")[0].split("; "))
    assert [words[:2] for words in (first, then)] == [["flux-tenancy", "upgrade"], ["flux-tenancy", "certify"]]
    assert call(*first[1 : first.index("--")], "--help").exit_code == 0
    assert first[first.index("--report") + 1] == then[then.index("--upgrade") + 1] == "upgrade-2.9.2-2.9.5"
    assert first[first.index("--") :] == then[then.index("--") :] == ["--", "--flux-sync=git", "--flux-onboarding=base"]


def test_what_the_upgrade_in_place_left_open_is_not_said_of_the_first_release(tmp_path: Path) -> None:
    fields = {"catalog": frozenset({"staging/F01", "staging/F02"})}
    before = release(tmp_path / "a", "2.9.2", 1, {"F01": nothing}, **fields)
    after = release(tmp_path / "b", "2.9.5", 2, {"F01": nothing}, **fields)
    partly = upgraded(tmp_path, bootstrap="cli", **fields)
    known = compose(given_by(before, after, NO_SURFACE_LEFT, partly))
    sides = [one.partition(": ")[0] for one in known.provisional_reasons]
    assert sides == ["Flux 2.9.2", "Flux 2.9.5", "the upgrade in place"]
    assert "-k of upgrade: 1 of 2 checks were left out" in known.reproduce


def test_the_index_names_every_certificate(tmp_path: Path) -> None:
    call("certificate-key", tmp_path / "own")
    certified(tmp_path, FAILED, "--key", tmp_path / "own.key")
    published = tmp_path / "published"
    (tmp_path / "c").rename(published.parent / "moved")
    published.mkdir()
    (tmp_path / "moved").rename(published / "2.9.2-2.9.5")
    assert call("certificates", published).exit_code == 0
    said = (published / index.INDEX_FILE).read_text()
    assert "[2.9.2-2.9.5](2.9.2-2.9.5/certificate.md)" in said
    assert "| no (provisional) |" in said
    assert "a local key" in said
    assert read_certificate(published / "2.9.2-2.9.5").reproduce in said


def test_the_published_index_is_current_and_every_certificate_is_whole() -> None:
    published = certificate_cli.PUBLISHED
    assert (published / index.INDEX_FILE).read_text() == index.markdown(published)
    for folder in index.folders(published):
        words = ("--key", published / "certificate.pub") if (folder / ENVELOPE_FILE).is_file() else ("--unsigned",)
        assert call("verify", folder, *words).exit_code == 0, folder
        assert folder.name == "-".join(
            side.flux_version for side in (read_certificate(folder).before, read_certificate(folder).after)
        )
        assert (folder / CERTIFICATE_FILE).is_file()
