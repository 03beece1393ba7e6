"""The make targets of `certify` with git: which upgrades a push brings, and certificates on a branch of a real remote.

Nothing but `gh` is played: it notes how it was called, and knows whether there is a pull request.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.certificates import FAILED, given_pair, nothing
from support.sigstore_records import Records

from conformance.certificate.folder import BUNDLE_FILE, STATEMENT_FILE, write_certificate
from conformance.settings import PACKAGE_DIR, environment

ROOT = PACKAGE_DIR.parent
VENV = Path(sys.executable).parent.parent
PAIR = "2.9.2-2.9.5"
Make = Callable[..., subprocess.CompletedProcess[str]]
GH = """#!/usr/bin/env bash
echo "$*" >> "$STATE/calls"
case "$1 $2" in
"pr list") cat "$STATE/number" 2>/dev/null || true ;;
"pr create")
  [ ! -e "$STATE/forbidden" ] || { echo "GitHub Actions is not permitted to create pull requests" >&2; exit 1; }
  echo 7 > "$STATE/number"
  ;;
"api --silent" | "auth setup-git") ;;
*) exit 64 ;;
esac
"""


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a clone of a bare remote, with what the targets need of this repository."""
    folder = tmp_path / "checkout"
    for name in ("Makefile", "hack/publish-certificates.sh", "toolchain/flux-releases.yaml", ".gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "certificates").mkdir()
    (folder / "certificates" / "README.md").write_text("# none\n")
    git(tmp_path, "init", "--quiet", "--bare", "origin")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "remote", "add", "origin", str(tmp_path / "origin"))
    git(folder, "push", "--quiet", "origin", "main")
    return folder


@pytest.fixture
def make(checkout: Path, tmp_path: Path) -> Make:
    """Return what calls a target there; the environment is as in the workflow."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)

    def call(target: str, **given: str) -> subprocess.CompletedProcess[str]:
        # A make that runs these tests would tell this one by MAKELEVEL and MAKEFLAGS to print the folders it enters.
        outer = {name: value for name, value in environment().items() if not name.startswith(("MAKE", "MFLAGS"))}
        env = {**outer, "PATH": f"{tools}:{outer['PATH']}", "STATE": str(tmp_path), **given}
        argv = ["make", f"VENV={VENV}", "-o", f"{VENV}/.installed", target]
        return subprocess.run(argv, cwd=checkout, env=env, check=False, capture_output=True, text=True, timeout=300)

    return call


def made(folder: Path, edit: Any = nothing) -> Path:
    """Write a certificate; return its folder."""
    write_certificate(folder / PAIR, given_pair(folder.parent / f"{folder.name}-of", {"F01": edit}), "# C\n", None)
    return folder / PAIR


def attest(certificate: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    bundle = Records().attested((certificate / STATEMENT_FILE).read_bytes())
    (folder / "attestation.json").write_text(json.dumps(bundle))


def calls(tmp_path: Path, *verbs: str) -> list[str]:
    lines = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
    return [line for line in lines if line.startswith(verbs)]


def test_a_certificate_is_proposed_with_its_attestation_and_an_attempt_more_brings_both_up_to_date(
    checkout: Path, make: Make, tmp_path: Path
) -> None:
    certificate = made(tmp_path / "new")
    attest(certificate, tmp_path / "came" / "a")
    given = {"NEW": str(tmp_path / "new"), "ATTESTATIONS": str(tmp_path / "came"), "GITHUB_RUN_ID": "42"}
    first = make("publish-certificates", **given)
    assert first.returncode == 0, first.stderr
    branch = "certificates-42"
    assert git(checkout, "ls-remote", "origin", branch).startswith(git(checkout, "rev-parse", "HEAD"))
    listed = git(checkout, "ls-tree", "-r", "--name-only", f"{branch}:certificates").splitlines()
    assert {"README.md", f"{PAIR}/certificate.yaml", f"{PAIR}/{BUNDLE_FILE}"} <= set(listed)
    assert "| an attestation |" in (checkout / "certificates" / "README.md").read_text()
    assert [call.split(" --body")[0] for call in calls(tmp_path, "pr create", "api")] == [
        f"pr create --head {branch} --title Certificates of upgrades: {PAIR}"
    ]

    # The run again, as a runner begins it: a fresh clone, another certificate; and somebody wrote to the branch.
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "by hand")
    git(checkout, "push", "--quiet", "origin", branch)
    git(checkout, "switch", "--quiet", "main")
    git(checkout, "branch", "--quiet", "-D", branch)
    shutil.rmtree(tmp_path / "new")
    shutil.rmtree(tmp_path / "came")
    attest(made(tmp_path / "new", FAILED), tmp_path / "came")  # where one artifact has no folder of its own
    second = make("publish-certificates", **given)
    assert second.returncode == 0, second.stderr
    subjects = git(checkout, "log", "--format=%s", "FETCH_HEAD..HEAD").splitlines()
    assert subjects == [f"Certificates of upgrades: {PAIR}"]
    assert git(checkout, "log", "--format=%s", "main..HEAD").splitlines()[1] == "by hand"
    assert git(checkout, "ls-remote", "origin", branch).startswith(git(checkout, "rev-parse", "HEAD"))
    assert "| no (provisional) |" in (checkout / "certificates" / "README.md").read_text()
    assert len(calls(tmp_path, "pr create")) == 1
    (refreshed,) = calls(tmp_path, "api")
    assert "--method PATCH repos/{owner}/{repo}/pulls/7" in refreshed
    assert "body=@certificates/README.md" in refreshed

    # And once more with the very same: nothing to commit is no failure.
    git(checkout, "switch", "--quiet", "main")
    third = make("publish-certificates", **given)
    assert (third.returncode, "has these certificates already" in third.stdout) == (0, True), third.stderr


def test_what_nobody_attested_or_somebody_edited_is_not_proposed(checkout: Path, make: Make, tmp_path: Path) -> None:
    certificate = made(tmp_path / "new")
    (tmp_path / "came").mkdir()
    given = {"NEW": str(tmp_path / "new"), "GITHUB_RUN_ID": "42"}
    ended = make("publish-certificates", **given, ATTESTATIONS=str(tmp_path / "came"))
    assert ended.returncode != 0
    assert "no bundle is of the statement" in ended.stderr
    assert "can be published" in ended.stderr
    attest(certificate, tmp_path / "came" / "a")
    (certificate / "certificate.md").write_text("yes")
    ended = make("publish-certificates", **given, ATTESTATIONS=str(tmp_path / "came"))
    assert (ended.returncode != 0, "WRONG  certificate.md" in ended.stdout) == (True, True), ended.stdout
    assert git(checkout, "ls-remote", "origin", "certificates-42") == ""
    assert calls(tmp_path, "") == []


def test_without_attestations_a_certificate_is_published_as_it_is(make: Make, checkout: Path, tmp_path: Path) -> None:
    made(tmp_path / "new")
    assert make("publish-certificates", NEW=str(tmp_path / "new"), GITHUB_RUN_ID="1").returncode == 0
    assert git(checkout, "show", "--format=%s", "--name-only", "HEAD").splitlines()[0].endswith(PAIR)


def test_a_repository_that_lets_no_workflow_open_a_pull_request_is_told_where(make: Make, tmp_path: Path) -> None:
    made(tmp_path / "new")
    (tmp_path / "forbidden").touch()
    ended = make("publish-certificates", NEW=str(tmp_path / "new"), GITHUB_RUN_ID="1")
    assert ended.returncode != 0
    assert "Allow GitHub Actions to create and approve pull requests" in ended.stderr
    (tmp_path / "forbidden").unlink()
    assert make("publish-certificates", NEW=str(tmp_path / "new"), GITHUB_RUN_ID="1").returncode == 0


@pytest.mark.parametrize("missing", ["NEW", "GITHUB_RUN_ID"])
def test_what_is_not_given_is_named(make: Make, tmp_path: Path, missing: str) -> None:
    ended = make("publish-certificates", **{"NEW": str(tmp_path), "GITHUB_RUN_ID": "1", missing: ""})
    assert (ended.returncode != 0, missing in ended.stderr) == (True, True)


def test_a_remote_that_does_not_answer_is_not_taken_for_one_without_the_branch(
    make: Make, checkout: Path, tmp_path: Path
) -> None:
    made(tmp_path / "new")
    git(checkout, "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    ended = make("publish-certificates", NEW=str(tmp_path / "new"), GITHUB_RUN_ID="1")
    assert (ended.returncode != 0, "the branches of 'origin' cannot be listed" in ended.stderr) == (True, True)


def test_the_upgrades_of_a_push_are_told_by_the_commit_before_it(make: Make, checkout: Path) -> None:
    releases = checkout / "toolchain" / "flux-releases.yaml"
    known = yaml.safe_load(releases.read_text())
    newest = {"from": "2.9.2", "to": "2.9.5"}

    def before(*versions: str) -> str:
        releases.write_text(yaml.safe_dump({"releases": {version: known["releases"][version] for version in versions}}))
        git(checkout, "commit", "--quiet", "--all", "--message", "before")
        return git(checkout, "rev-parse", "HEAD")

    added, same = before("2.9.2"), before("2.9.5", "2.9.2")
    for commit, wanted in ((added, [newest]), (same, [])):
        ended = make("added-upgrades", BEFORE=commit, GITHUB_ACTIONS="true")
        assert (json.loads(ended.stdout), ended.stderr) == (wanted, "")
    for commit in ("0" * 40, "a" * 40, "", "--help", "HEAD"):
        ended = make("added-upgrades", BEFORE=commit, GITHUB_ACTIONS="true")
        assert json.loads(ended.stdout) == [newest]
        assert f"::warning::nothing is known of the commit '{commit}'" in ended.stderr
