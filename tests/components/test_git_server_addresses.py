"""The git server's addresses, files, access log, and the server itself as a process."""

import contextlib
import http.client
import json
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from support.git_client import EVIL, FLEET, INFO, ask, clone, finished, packet, push

from conformance.errors import InputError, ServerError
from conformance.kube.wait import eventually
from conformance.repos.git_server import GitServer

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
