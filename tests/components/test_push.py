"""Commits and pushes against the real server: same files, same commit; no trace of a password."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.errors import InputError, ServerError
from conformance.repos import git_binary
from conformance.repos.git_server import GitServer
from conformance.repos.push import TenantRepository, commit_and_push
from conformance.settings import environment

TENANT = "example/dev-team"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "git", tmp_path / "access.jsonl") as running:
        running.create_repository(TENANT)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plain folder"
    (folder / "base").mkdir(parents=True)
    (folder / "base" / "kustomization.yaml").write_text("resources: []\n")
    return folder


def push(server: GitServer, folder: Path, repository: str = TENANT, message: str = "Initial commit") -> str:
    who = server.credential(repository)
    url = server.repository_url(repository)
    return commit_and_push(folder, url, message=message, username=who.username, password=who.password)


def opened(server: GitServer, folder: Path) -> TenantRepository:
    who = server.credential(TENANT)
    return TenantRepository(folder, server.repository_url(TENANT), username=who.username, password=who.password)


def bare(tmp_path: Path, *words: str) -> str:
    folder = tmp_path / "git" / "repositories" / f"{TENANT}.git"
    return subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_files_are_the_same_commit_and_the_folder_stays_as_it_is(
    server: GitServer, folder: Path, tmp_path: Path
) -> None:
    before = sorted(folder.rglob("*"))
    server.create_repository("example/second")
    assert push(server, folder) == push(server, folder, "example/second")
    assert sorted(folder.rglob("*")) == before
    said = bare(tmp_path, "log", "-1", "--format=%an <%ae> %aI %cn <%ce> %cI %s", "main")
    name = "flux-tenancy-conformance <suite@example.com> 2026-01-01T00:00:00+00:00"
    assert said == f"{name} {name} Initial commit"


def test_a_submodule_stands_on_the_commit_that_was_named(server: GitServer, folder: Path, tmp_path: Path) -> None:
    who, commit = server.credential(TENANT), "1" * 40
    commit_and_push(
        folder,
        server.repository_url(TENANT),
        username=who.username,
        password=who.password,
        submodules={"elsewhere": commit},
    )
    assert bare(tmp_path, "ls-tree", "main", "elsewhere").split() == ["160000", "commit", commit, "elsewhere"]


def test_a_folder_that_is_a_checkout_itself_is_pushed_as_plain_files(
    server: GitServer, folder: Path, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    (folder / ".gitignore").write_text("*.secret\n")
    (folder / "x.secret").write_text("x")
    push(server, folder)
    assert bare(tmp_path, "ls-tree", "-r", "--name-only", "main").split() == [".gitignore", "base/kustomization.yaml"]


def test_the_users_configuration_and_a_surrounding_git_do_not_matter(
    server: GitServer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = push(server, folder)
    (tmp_path / "home").mkdir()
    hostile = "[user]\n name = Somebody\n[commit]\n gpgsign = true\n[core]\n autocrlf = true\n hooksPath = /nowhere\n"
    (tmp_path / "home" / ".gitconfig").write_text(hostile)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))  # as in a hook of the user's own repository
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere" / "index"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    server.create_repository("example/second")
    assert push(server, folder, "example/second") == plain
    assert (tmp_path / "home" / ".gitconfig").read_text() == hostile
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_to_push_and_another_history_are_errors(server: GitServer, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ServerError, match="holds no files"):
        push(server, tmp_path / "empty")
    push(server, folder)
    with pytest.raises(ServerError, match=r"(?s)cannot push .* branch main: .*rejected"):
        push(server, folder, message="Another history")


def test_a_tenant_writes_removes_links_and_commits(server: GitServer, folder: Path, tmp_path: Path) -> None:
    first = push(server, folder)
    repository = opened(server, tmp_path / "work")
    assert repository.head() == first
    repository.write("apps/a/map.yaml", "kind: ConfigMap\n")
    repository.symlink("apps/passwd", "/etc/passwd")
    repository.remove("base/kustomization.yaml")
    repository.remove("base/nope.yaml")
    head = repository.commit("Add an app")
    assert head == repository.head() == bare(tmp_path, "rev-parse", "main") != first
    assert bare(tmp_path, "ls-tree", "-r", "--name-only", "main").split() == ["apps/a/map.yaml", "apps/passwd"]
    assert bare(tmp_path, "cat-file", "blob", "main:apps/passwd") == "/etc/passwd"
    assert bare(tmp_path, "log", "--format=%cI", "main").split() == [
        "2026-01-01T00:01:00+00:00",
        "2026-01-01T00:00:00+00:00",
    ]
    repository.write("apps/passwd", "a file now, and the target was not written\n")
    repository.commit("Replace the link")
    assert not (tmp_path / "work/apps/passwd").is_symlink()


def test_a_commit_without_changes_is_the_head(server: GitServer, folder: Path, tmp_path: Path) -> None:
    first = push(server, folder)
    repository = opened(server, tmp_path / "work")
    repository.write("base/kustomization.yaml", "resources: []\n")
    assert repository.commit("Nothing") == first


def test_a_signed_head_is_pushed_as_a_branch_with_the_signature_of_the_commit_before(
    server: GitServer, folder: Path, tmp_path: Path
) -> None:
    head = push(server, folder, message="Initial commit\n\nwith a body")
    payloads: list[bytes] = []

    def sign(payload: bytes) -> str:
        payloads.append(payload)
        return "-----BEGIN X-----\nabc\n-----END X-----\n"

    signed = opened(server, tmp_path / "clone").push_signed("signed", sign)
    assert bare(tmp_path, "rev-parse", "main", "signed").splitlines() == [head, signed]
    header = "\ngpgsig -----BEGIN X-----\n abc\n -----END X-----\n\n"
    assert bare(tmp_path, "cat-file", "commit", "main") == payloads[0].decode().strip()
    assert bare(tmp_path, "cat-file", "commit", "signed") == payloads[0].decode().replace("\n\n", header, 1).strip()
    assert bare(tmp_path, "fsck", "--no-dangling", "--strict", signed) == ""


def test_threads_share_one_clone(server: GitServer, folder: Path, tmp_path: Path) -> None:
    push(server, folder)
    repository = opened(server, tmp_path / "work")

    def change(number: int) -> None:
        repository.write(f"apps/{number}.yaml", f"n: {number}\n")
        repository.commit(f"Add {number}")

    threads = [threading.Thread(target=change, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bare(tmp_path, "ls-tree", "-r", "--name-only", "main", "apps/").split()) == 8


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ".git/config", "", "up/x"])
def test_a_path_outside_the_clone_is_refused(server: GitServer, folder: Path, tmp_path: Path, path: str) -> None:
    push(server, folder)
    repository = opened(server, tmp_path / "work")
    repository.symlink("up", "../..")
    with pytest.raises(ServerError):
        repository.write(path, "x")


def test_a_password_is_neither_in_the_clone_nor_in_an_argument(
    server: GitServer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    start = subprocess.Popen.__init__

    def note(self: "subprocess.Popen[bytes]", args: list[str], *rest: object, **options: object) -> None:
        called.append(" ".join(map(str, args)))
        start(self, args, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    push(server, folder)
    repository = opened(server, tmp_path / "work")
    repository.write("a", "b")
    repository.commit("One more")
    texts = [p.read_bytes() for p in (tmp_path / "work").rglob("*") if p.is_file()]
    for secret in server.secrets():
        assert not any(secret.encode() in text for text in texts)
        assert not any(secret in words for words in called)
    assert any(" push " in words for words in called)


def test_a_wrong_password_is_told_without_it(server: GitServer, folder: Path) -> None:
    with pytest.raises(ServerError) as told:
        commit_and_push(folder, server.repository_url(TENANT), username="git", password="hunter2-hunter2")
    assert "cannot push" in str(told.value)
    assert "hunter2" not in str(told.value)


# git itself


def fake_git(folder: Path, script: str) -> None:
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)


def test_no_git_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no 'git' on PATH") as told:
        git_binary.require_git()
    assert "install git 2.32" in told.value.hint
    with pytest.raises(InputError, match="no 'git' on PATH"):
        commit_and_push(tmp_path, "http://127.0.0.1:1/x", username="a", password="b")
    with pytest.raises(InputError, match="no 'git' on PATH"):
        GitServer(tmp_path / "git-server", tmp_path / "log")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo git version 2.30.2", "too old: it says 'git version 2.30.2', needed is 2.32"),
        ("exit 3", "does not run"),
        ('[ "$1" = version ] && echo git version 2.50.0 || echo "${0%/*}"', "git has no http-backend"),
    ],
)
def test_a_git_that_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str) -> None:
    fake_git(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{environment()['PATH']}")
    with pytest.raises(InputError, match=told):
        git_binary.require_git()
