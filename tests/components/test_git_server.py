"""The git server against real git, go-git's request shape, and whoever should not get in."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.git_client import EVIL, FLEET, INFO, ask, clone, finished, git, packet, push

from conformance.errors import ServerError
from conformance.repos.git_server import GitServer

PARALLEL_CLONES = 50


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
