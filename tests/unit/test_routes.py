"""What the server makes of an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.repos.access_control import Access
from conformance.repos.routes import canonical, is_repository_name, read_target, repository_name


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/", "/"),
        ("/a/b.git", "/a/b.git"),
        ("/a/../b", "/b"),
        ("/a/./b//c/", "/a/b/c/"),
        ("/../../a", "/a"),
        ("/a/..", "/"),
        ("/a/b/.", "/a/b/"),
        ("/a/...", "/a/..."),
    ],
)
def test_dot_segments_are_resolved(path: str, resolved: str) -> None:
    assert canonical(path) == resolved


@given(st.lists(st.sampled_from(["a", "b.git", ".", "..", "", "evil", "..."])).map(lambda s: "/" + "/".join(s)))
def test_a_canonical_path_is_its_own_and_climbs_nowhere(path: str) -> None:
    resolved = canonical(path)
    assert canonical(resolved) == resolved
    assert resolved.startswith("/")
    assert not {"..", "."} & set(resolved.split("/"))


@given(st.text())
def test_every_address_is_read(text: str) -> None:
    target = read_target("/" + text)
    assert target.path.startswith("/")


def test_a_git_request_names_repository_service_and_need() -> None:
    target = read_target("/example/fleet/info/refs?service=git-receive-pack")
    assert (target.repository, target.endpoint, target.service) == ("example/fleet.git", "info/refs", "receive-pack")
    assert (target.access, target.redirect) == (Access.WRITE, "")
    target = read_target("/example/fleet.git/git-upload-pack")
    assert (target.repository, target.service, target.access) == ("example/fleet.git", "upload-pack", Access.READ)


@pytest.mark.parametrize(
    ("uri", "redirect"),
    [
        (
            "/example/%2e%2e/evil/x.git/info/refs?service=git-upload-pack",
            "/evil/x.git/info/refs?service=git-upload-pack",
        ),
        ("/example/..%2Fevil/x.git/git-upload-pack", "/evil/x.git/git-upload-pack"),
        ("//example/x.git/git-upload-pack", "/example/x.git/git-upload-pack"),
        ("/raw/a/../b c.yaml", "/raw/b%20c.yaml"),
        ("/raw/b%20c.yaml", ""),
        ("/x%2egit", ""),
        ("/%252e%252e/x", ""),
    ],
)
def test_another_address_than_the_canonical_one_is_redirected(uri: str, redirect: str) -> None:
    assert read_target(uri).redirect == redirect


def test_files_are_no_repositories() -> None:
    target = read_target("/raw/x.git/info/refs?service=git-upload-pack")
    assert (target.service, target.repository) == ("raw", "")
    assert read_target("/charts/example/index.yaml").service == "charts"
    assert read_target("/rawest/x.git/git-upload-pack").repository == "rawest/x.git"


def test_a_service_that_git_does_not_have_is_none() -> None:
    for query in ("", "?service=git-shell", "?service=git-upload-pack&x=y", "?x=git-upload-pack"):
        assert read_target(f"/a/b.git/info/refs{query}").service == ""


def test_both_spellings_are_one_repository() -> None:
    assert repository_name("org/fleet") == repository_name("/org/fleet.git") == "org/fleet.git"


@pytest.mark.parametrize(
    ("name", "served"),
    [("org/fleet.git", True), ("fleet.git", True), ("a/b/c-1_2.x.git", True), ("raw/x.git", False), (".git", False)]
    + [(n, False) for n in ("a/.git", "a/../b.git", "a//b.git", "/a.git", "a b.git", "-a.git", "a..b.git", "a\n.git")],
)
def test_which_names_can_be_served(name: str, served: bool) -> None:
    assert is_repository_name(name) is served


@pytest.mark.parametrize("path", ["/events/example/f21", "/example/events/f21"])
def test_notifications_have_a_place_below_the_organisation_too(path: str) -> None:
    target = read_target(path)
    assert (target.path, target.service) == ("/events/example/f21", "events")


def test_no_repository_is_called_events() -> None:
    assert not is_repository_name("events/x.git")
