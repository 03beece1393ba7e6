"""The git server against real git, go-git's request shape, and whoever should not get in."""

import contextlib
import gzip
import http.client
import json
import random
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from conformance.errors import InputError, ServerError
from conformance.kube.wait import eventually
from conformance.repos.access_control import Access
from conformance.repos.access_log import Entry
from conformance.repos.git_binary import isolated_environment
from conformance.repos.git_server import GitServer
from conformance.repos.push import TenantRepository, commit_and_push
from conformance.settings import environment

FLEET = "example/fleet.git"
EVIL = "evil/fleet.git"
PARALLEL_CLONES = 50


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "git", tmp_path / "log" / "access.jsonl") as running:
        yield running


@pytest.fixture
def fleet(server: GitServer, tmp_path: Path) -> str:
    """A repository with one commit; returns the commit."""
    server.create_repository(FLEET, credentials={"writer": Access.WRITE, "reader": Access.READ})
    folder = tmp_path / "fleet"
    (folder / "clusters" / "staging").mkdir(parents=True)
    (folder / "clusters" / "staging" / "tenants.yaml").write_text("kind: Kustomization\n")
    return push(server, folder, FLEET)


def push(server: GitServer, folder: Path, repository: str, user: str | None = None) -> str:
    who = server.credential(repository, user)
    return commit_and_push(folder, server.repository_url(repository), username=who.username, password=who.password)


def clone(server: GitServer, repository: str, folder: Path, user: str | None = None) -> TenantRepository:
    who = server.credential(repository, user)
    url = server.repository_url(repository)
    return TenantRepository(folder, url, username=who.username, password=who.password)


def git(*words: str, cwd: Path, url: str = "", authorization: str = "") -> subprocess.CompletedProcess[str]:
    """Plain git, as a user would call it, without any configuration."""
    env = {**isolated_environment(cwd), "PATH": environment()["PATH"]}
    if authorization:
        env |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{url}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: {authorization}",
        }
    return subprocess.run(["git", *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def ask(
    server: GitServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def packet(text: str) -> bytes:
    return f"{len(text) + 4:04x}{text}".encode()


def finished(server: GitServer, repository: str, service: str, count: int = 1) -> list[Entry]:
    """The log's last word comes after the client's."""
    return eventually(
        lambda: [e for e in server.entries(repository=repository, service=service) if e.bytes],
        lambda entries: len(entries) >= count,
        timeout_s=5,
        what="the access log",
    )


# clone, fetch, push


def test_a_push_can_be_cloned(server: GitServer, fleet: str, tmp_path: Path) -> None:
    copy = clone(server, FLEET, tmp_path / "copy", "reader")
    assert copy.head() == fleet
    assert (tmp_path / "copy/clusters/staging/tenants.yaml").read_text() == "kind: Kustomization\n"


@pytest.mark.parametrize("protocol", ["0", "2"])
def test_plain_git_clones_with_every_protocol(server: GitServer, fleet: str, tmp_path: Path, protocol: str) -> None:
    url = server.repository_url(FLEET)
    done = git("-c", f"protocol.version={protocol}", "clone", "--quiet", url, "copy", cwd=tmp_path,
               url=url, authorization=server.credential(FLEET).basic)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert git("rev-parse", "HEAD", cwd=tmp_path / "copy").stdout.strip() == fleet


def test_the_suffix_git_may_be_left_out(server: GitServer, fleet: str, tmp_path: Path) -> None:
    url = f"{server.url}/example/fleet"
    done = git("ls-remote", url, "main", cwd=tmp_path, url=url, authorization=server.credential(FLEET).basic)
    assert done.stdout.split()[0] == fleet
    assert server.entries(repository="example/fleet")


def test_fetch_brings_what_another_clone_pushed(server: GitServer, fleet: str, tmp_path: Path) -> None:
    one, two = (clone(server, FLEET, tmp_path / name, "writer") for name in ("one", "two"))
    one.write("apps/new.yaml", "kind: ConfigMap\n")
    pushed = one.commit("Add an app")
    two.pull()
    assert two.head() == pushed != fleet


def test_shallow_clone_of_one_commit(server: GitServer, fleet: str, tmp_path: Path) -> None:
    repository = clone(server, FLEET, tmp_path / "one")
    repository.write("second", "2")
    repository.commit("Second")
    url = server.repository_url(FLEET)
    done = git("clone", "--quiet", "--depth=1", url, "shallow", cwd=tmp_path, url=url,
               authorization=server.credential(FLEET).basic)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert git("rev-list", "--count", "HEAD", cwd=tmp_path / "shallow").stdout.strip() == "1"


def test_a_single_commit_can_be_fetched_by_its_id(server: GitServer, fleet: str, tmp_path: Path) -> None:
    repository = clone(server, FLEET, tmp_path / "one")
    repository.write("second", "2")
    repository.commit("Second")
    git("init", "--quiet", cwd=tmp_path)
    url = server.repository_url(FLEET)
    done = git("fetch", "--depth=1", url, fleet, cwd=tmp_path, url=url, authorization=server.credential(FLEET).basic)
    assert done.returncode == 0, done.stderr


def test_a_large_push_arrives_in_chunks(server: GitServer, fleet: str, tmp_path: Path) -> None:
    url, authorization = server.repository_url(FLEET), server.credential(FLEET, "writer").basic
    git("clone", "--quiet", url, "copy", cwd=tmp_path, url=url, authorization=authorization)
    work = tmp_path / "copy"
    content = b"".join(bytes([n * n % 251, n % 7, n % 253]) for n in range(900_000))
    (work / "large.bin").write_bytes(content)
    git("add", ".", cwd=work)
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git(*identity, "-c", "core.compression=0", "commit", "--quiet", "--message=Large", cwd=work)
    done = git("-c", "http.postBuffer=65536", "-c", "core.compression=0", "push", "--quiet", url, "HEAD:main",
               cwd=work, url=url, authorization=authorization)  # fmt: skip
    assert done.returncode == 0, done.stderr
    clone(server, FLEET, tmp_path / "again")
    assert (tmp_path / "again/large.bin").read_bytes() == content


def test_fifty_clones_at_once(server: GitServer, fleet: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(PARALLEL_CLONES) as pool:
        heads = list(pool.map(lambda n: clone(server, FLEET, tmp_path / f"c{n}").head(), range(PARALLEL_CLONES)))
    assert heads == [fleet] * PARALLEL_CLONES
    posts = [e for e in server.entries(repository=FLEET, service="upload-pack") if e.method == "POST"]
    assert len(posts) >= PARALLEL_CLONES
    assert {e.status for e in posts} == {200}


# go-git


def test_go_gits_request_without_thin_pack_gets_a_pack(server: GitServer, fleet: str) -> None:
    """dulwich refuses this client: "Client does not support required capability b'thin-pack'"."""
    header = server.credential(FLEET).basic
    agent = "git/go-git-fluxcd"
    status, headers, refs = ask(
        server, "GET", "/example/fleet.git/info/refs?service=git-upload-pack", Authorization=header, User_Agent=agent
    )
    assert status == 200
    assert headers["content-type"] == "application/x-git-upload-pack-advertisement"
    assert refs.startswith(packet("# service=git-upload-pack\n") + b"0000")
    assert fleet.encode() in refs
    body = packet(f"want {fleet} agent=go-git/5.x ofs-delta side-band-64k shallow\n")
    body += packet("deepen 1") + b"0000" + packet("done\n")
    status, headers, pack = ask(
        server,
        "POST",
        "/example/fleet.git/git-upload-pack",
        body,
        Authorization=header,
        User_Agent=agent,
        Content_Type="application/x-git-upload-pack-request",
        Accept="application/x-git-upload-pack-result",
    )
    assert status == 200
    assert headers["content-type"] == "application/x-git-upload-pack-result"
    assert b"PACK\x00\x00\x00\x02" in pack
    posted = finished(server, FLEET, "upload-pack", 2)[-1]
    assert (posted.user_agent, posted.bytes) == (agent, len(pack))


def test_a_compressed_request_is_understood(server: GitServer, fleet: str) -> None:
    body = packet(f"want {fleet} ofs-delta\n") + b"0000" + packet("done\n")
    status, _, pack = ask(
        server,
        "POST",
        "/example/fleet.git/git-upload-pack",
        gzip.compress(body),
        Authorization=server.credential(FLEET).basic,
        Content_Type="application/x-git-upload-pack-request",
        Content_Encoding="gzip",
    )
    assert status == 200
    assert b"PACK" in pack


# who gets in

INFO = "/example/fleet.git/info/refs?service=git-{}"


def test_without_a_credential_git_is_asked_for_one(server: GitServer, fleet: str) -> None:
    status, headers, _ = ask(server, "GET", INFO.format("upload-pack"))
    assert status == 401
    assert headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize("header", ["Basic Z2l0Om5vcGU=", "Basic !!!", "Bearer abc", "Basic", "Basic bm9jb2xvbg=="])
def test_a_wrong_credential_is_refused(server: GitServer, fleet: str, header: str) -> None:
    assert ask(server, "GET", INFO.format("upload-pack"), Authorization=header)[0] == 401


def test_the_credential_of_another_repository_is_forbidden(server: GitServer, fleet: str) -> None:
    server.create_repository(EVIL)
    foreign = server.credential(EVIL)
    assert ask(server, "GET", INFO.format("upload-pack"), Authorization=foreign.basic)[0] == 403
    assert server.entries(repository=FLEET)[-1].user == foreign.username


def test_a_reader_cannot_push(server: GitServer, fleet: str, tmp_path: Path) -> None:
    assert (
        ask(server, "GET", INFO.format("receive-pack"), Authorization=server.credential(FLEET, "reader").basic)[0]
        == 403
    )
    reader = clone(server, FLEET, tmp_path / "reader", "reader")
    reader.write("a", "b")
    with pytest.raises(ServerError, match=r"(?s)cannot push to .*403"):
        reader.commit("Not mine")


def test_a_public_repository_is_read_by_all_and_written_by_its_users(server: GitServer, tmp_path: Path) -> None:
    server.create_repository(EVIL, public=True)
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "loot.yaml").write_text("kind: ConfigMap\n")
    push(server, tmp_path / "evil", EVIL)
    assert git("clone", "--quiet", server.repository_url(EVIL), "copy", cwd=tmp_path).returncode == 0
    assert ask(server, "GET", "/evil/fleet.git/info/refs?service=git-receive-pack")[0] == 401


def test_the_mutant_opens_the_server_and_closes_it_again(server: GitServer, fleet: str) -> None:
    with server.open_to_all():
        assert not server.acl_enabled
        assert ask(server, "GET", INFO.format("upload-pack"))[0] == 200
    assert server.acl_enabled
    assert ask(server, "GET", INFO.format("upload-pack"))[0] == 401


@pytest.mark.parametrize("path", ["HEAD", "config", "objects/info/packs", "info/refs", "info/refs?service=git-x"])
def test_the_dumb_protocol_is_not_served(server: GitServer, fleet: str, path: str) -> None:
    header = server.credential(FLEET).basic
    assert ask(server, "GET", f"/example/fleet.git/{path}", Authorization=header)[0] == 404


def test_an_unknown_repository_is_not_found(server: GitServer, fleet: str) -> None:
    header = server.credential(FLEET).basic
    path = "/example/nope.git/info/refs?service=git-upload-pack"
    assert ask(server, "GET", path, Authorization=header)[0] == 404


# dot segments


@pytest.mark.parametrize(
    "path",
    [
        "/example/../evil/fleet.git",
        "/example/%2e%2e/evil/fleet.git",
        "/example/.%2E/evil/fleet.git",
        "/example/..%2fevil/fleet.git",
        "/example//.././evil/fleet.git",
        "/../../evil/fleet.git",
    ],
)
def test_dot_segments_lead_to_the_other_organisation(server: GitServer, path: str) -> None:
    server.create_repository(EVIL, public=True)
    status, headers, _ = ask(server, "GET", f"{path}/info/refs?service=git-upload-pack")
    assert (status, headers["location"]) == (301, "/evil/fleet.git/info/refs?service=git-upload-pack")
    assert ask(server, "GET", headers["location"])[0] == 200
    assert [e.status for e in server.entries(path_contains=path)] == [301]
    assert len(server.entries(repository=EVIL)) == 2


def test_a_doubly_encoded_dot_is_a_name(server: GitServer) -> None:
    assert ask(server, "GET", "/example/%252e%252e/evil/fleet.git/info/refs?service=git-upload-pack")[0] == 404


def test_a_post_keeps_its_method_on_the_way(server: GitServer) -> None:
    assert ask(server, "POST", "/example/../evil/fleet.git/git-upload-pack", b"0000")[0] == 308


# files


def test_files_are_served_and_logged(server: GitServer) -> None:
    url = server.publish_file("g02/canary.yaml", "kind: ConfigMap\n")
    status, headers, body = ask(server, "GET", urlsplit(url).path)
    assert (status, headers["content-type"], body) == (200, "application/yaml", b"kind: ConfigMap\n")
    status, headers, body = ask(server, "HEAD", urlsplit(url).path)
    assert (status, headers["content-length"], body) == (200, "16", b"")
    assert [e.method for e in server.entries(path_contains="g02/canary", service="raw")] == ["GET", "HEAD"]


def test_a_file_cannot_be_written_or_found_elsewhere(server: GitServer, fleet: str) -> None:
    assert ask(server, "POST", "/raw/x", b"y")[0] == 405
    assert ask(server, "GET", "/raw/nope.yaml")[0] == 404
    assert ask(server, "GET", "/raw/..%2f..%2frepositories/example/fleet.git/config")[0] == 301
    with pytest.raises(ServerError, match="lies outside of /raw"):
        server.publish_file("../x", "y")


def test_a_symlink_among_the_files_is_not_followed(server: GitServer, tmp_path: Path) -> None:
    server.publish_file("a.yaml", "a")
    (tmp_path / "git/files/raw/link").symlink_to("/etc/passwd")
    assert ask(server, "GET", "/raw/link")[0] == 404


def test_a_helm_repository_is_a_folder(server: GitServer, tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "index.yaml").write_text("apiVersion: v1\n")
    url = server.publish_charts("example", tmp_path / "charts")
    assert ask(server, "GET", urlsplit(url).path + "/index.yaml")[2] == b"apiVersion: v1\n"
    assert ask(server, "GET", "/charts/evil/index.yaml")[0] == 404


# the access log


def test_the_log_tells_who_fetched_what_and_never_the_password(server: GitServer, fleet: str, tmp_path: Path) -> None:
    since = datetime.now(UTC)
    clone(server, FLEET, tmp_path / "copy", "reader")
    entries = server.entries(repository=FLEET, since=since)
    assert {(e.user, e.service, e.status, e.authorization) for e in entries} == {
        ("reader", "upload-pack", 200, "Basic")
    }
    assert all(e.user_agent.startswith("git/") for e in entries)
    assert server.entries(repository=FLEET, since=since + timedelta(hours=1)) == []
    finished(server, FLEET, "upload-pack", 2)
    text = (tmp_path / "log/access.jsonl").read_text()
    records = [json.loads(line) for line in text.splitlines()]
    assert records[0]["time"].endswith("Z")
    assert {"upload-pack", "receive-pack"} <= {r["service"] for r in records}
    assert len(server.secrets()) == 4
    assert not any(secret in text for secret in server.secrets())


def test_a_token_in_the_user_name_is_not_logged(server: GitServer, fleet: str, tmp_path: Path) -> None:
    ask(server, "GET", INFO.format("upload-pack"), Authorization="Basic Z2hwX3NlY3JldDp4")  # ghp_secret:x
    assert server.entries(repository=FLEET)[-1].user == ""
    assert "ghp_secret" not in (tmp_path / "log/access.jsonl").read_text()


# repositories


def test_a_copied_repository_has_commits_and_a_credential_of_its_own(
    server: GitServer, fleet: str, tmp_path: Path
) -> None:
    for number in range(20):
        server.clone_repository(FLEET, f"example/tenant-{number}")
    copy = clone(server, "example/tenant-7", tmp_path / "copy")
    assert copy.head() == fleet
    copy.write("own", "x")
    assert copy.commit("Own") != fleet
    assert clone(server, "example/tenant-8", tmp_path / "other").head() == fleet
    assert (
        ask(server, "GET", INFO.format("upload-pack"), Authorization=server.credential("example/tenant-7").basic)[0]
        == 403
    )


@pytest.mark.parametrize("name", ["raw/x", "charts/x", "../x", "a/.hidden", "a/../b", "a b", "", "-a"])
def test_a_name_that_cannot_be_served_is_refused(server: GitServer, name: str) -> None:
    with pytest.raises(ServerError, match="cannot be the name of a repository"):
        server.create_repository(name)


def test_repositories_are_made_once_and_known_by_name(server: GitServer, fleet: str) -> None:
    with pytest.raises(ServerError, match="exists already"):
        server.create_repository("example/fleet")
    with pytest.raises(ServerError, match="is not on this server"):
        server.clone_repository("example/nope", "example/new")
    with pytest.raises(ServerError, match="there are: writer, reader"):
        server.credential(FLEET, "nobody")


# the process


def test_it_listens_on_loopback_only(server: GitServer) -> None:
    listening = [c.laddr for c in psutil.Process().net_connections() if c.status == psutil.CONN_LISTEN]
    assert [a.ip for a in listening if a.port == server.port] == ["127.0.0.1"]


def test_a_port_in_use_is_bad_input(server: GitServer, tmp_path: Path) -> None:
    second = GitServer(tmp_path / "second", tmp_path / "second.jsonl", port=server.port)
    with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{server.port}"):
        second.start()
    second.stop()


def open_post(server: GitServer, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPConnection:
    """Send a POST and leave it there; without a body, one is announced and never comes."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.putrequest("POST", path)
    length = {"Content_Length": str(len(body))} if body else {"Transfer_Encoding": "chunked"}
    for name, value in {**headers, **length}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body or None)
    return connection


def git_children() -> list[str]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [p.name() for p in psutil.Process().children(recursive=True) if p.name().startswith("git")]
    return []


def test_stop_closes_the_port_and_ends_every_child(server: GitServer, tmp_path: Path) -> None:
    server.create_repository(FLEET)
    (tmp_path / "large").mkdir()
    (tmp_path / "large/noise").write_bytes(random.Random(1).randbytes(24 << 20))
    head = push(server, tmp_path / "large", FLEET)
    headers = {"Authorization": server.credential(FLEET).basic, "Content_Type": "application/x-git-upload-pack-request"}
    want = packet(f"want {head} ofs-delta\n") + b"0000" + packet("done\n")
    unread = open_post(server, "/example/fleet.git/git-upload-pack", want, **headers)
    unsent = open_post(server, "/example/fleet.git/git-receive-pack", **headers)
    eventually(git_children, bool, timeout_s=10, what="a git process that waits for its client")
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 4
    eventually(git_children, lambda names: not names, timeout_s=2, what="the end of the git processes")
    with pytest.raises(ConnectionRefusedError):
        ask(server, "GET", "/raw/x")
    unread.close()
    unsent.close()
    server.stop()


def test_a_stopped_server_starts_again_on_its_port(server: GitServer, fleet: str, tmp_path: Path) -> None:
    port = server.port
    server.stop()
    server.start()
    assert server.port == port
    assert clone(server, FLEET, tmp_path / "copy").head() == fleet
