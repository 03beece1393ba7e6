"""The address rule, and the copy that applies it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import InputError
from conformance.repos.mapping import AddressMap, copy_mapped, digest

PAIRS = {
    "https://git.example.com/": "http://127.0.0.1:1/git/",
    "https://git.example.com/deep/": "http://127.0.0.1:2/",
    "oci://registry.example.com/": "oci://127.0.0.1:5000/",
}
ADDRESSES = AddressMap(PAIRS)
WORDS = st.sampled_from([*PAIRS, "registry.example.com/", "x", " ", "\n", "a/b", "https://", "my-", ".git", '"', "/"])
TEXTS = st.lists(WORDS).map("".join)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("url: https://git.example.com/a/b", "url: http://127.0.0.1:1/git/a/b"),
        ("url: https://git.example.com/deep/b", "url: http://127.0.0.1:2/b"),
        ("url: oci://registry.example.com/a", "url: oci://127.0.0.1:5000/a"),
        ("image: registry.example.com/a", "image: 127.0.0.1:5000/a"),
        ('image: "registry.example.com/a"', 'image: "127.0.0.1:5000/a"'),
        ("image: my-registry.example.com/a", "image: my-registry.example.com/a"),
        ("url: https://registry.example.com/a", "url: https://registry.example.com/a"),
        ("url: http://git.example.com/a", "url: http://git.example.com/a"),
        ("url: https://git.example.community/a", "url: https://git.example.community/a"),
        ("git::https://git.example.com/a", "git::http://127.0.0.1:1/git/a"),
    ],
)
def test_rule(text: str, wanted: str) -> None:
    assert ADDRESSES.apply(text) == wanted


@given(st.text())
def test_text_without_an_address_stays(text: str) -> None:
    if "example.com/" not in text:
        assert ADDRESSES.apply(text) == text


@given(TEXTS)
def test_no_known_address_is_left(text: str) -> None:
    mapped = ADDRESSES.apply(text)
    assert not any(source in mapped for source in PAIRS)


@given(TEXTS)
def test_each_place_is_replaced_once(text: str) -> None:
    """Also when a target is another pair's source: the text is read once, left to right."""
    swap = AddressMap({"https://a.test/": "https://b.test/", "https://b.test/": "https://a.test/"})
    text = text.replace("git.example.com/deep/", "a.test/").replace("git.example.com/", "b.test/")
    assert swap.apply(swap.apply(text)) == text


def test_no_pairs_change_nothing() -> None:
    assert AddressMap({}).apply("https://git.example.com/") == "https://git.example.com/"


def test_describe_gives_the_pairs() -> None:
    assert ADDRESSES.describe() == PAIRS


@pytest.mark.parametrize("address", ["https://git.example.com", "git.example.com/", "https:///", ""])
def test_an_address_that_could_match_half_a_host_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="cannot be mapped"):
        AddressMap({address: "http://127.0.0.1:1/"})
    with pytest.raises(InputError, match="cannot be mapped"):
        AddressMap({"https://git.example.com/": address})


def test_copy(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / ".git").mkdir(parents=True)
    (source / ".git/config").write_text("secret")
    (source / "sub").mkdir()
    (source / "sub/a.yaml").write_text("url: https://git.example.com/a\r\n", newline="")
    (source / "binary").write_bytes(b"\xff\x00https://git.example.com/")
    (source / "run").write_text("#!/bin/sh\n")
    (source / "run").chmod(0o755)
    (source / "link").symlink_to("sub/a.yaml")
    copy_mapped(source, target, ADDRESSES)
    assert not (target / ".git").exists()
    assert (target / "sub/a.yaml").read_bytes() == b"url: http://127.0.0.1:1/git/a\r\n"
    assert (target / "binary").read_bytes() == (source / "binary").read_bytes()
    assert (target / "run").stat().st_mode & 0o111
    assert (target / "link").readlink() == Path("sub/a.yaml")


def test_copy_into_itself_or_over_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("")
    for target in (tmp_path / "full/inside", tmp_path / "full"):
        with pytest.raises(InputError, match="cannot take a copy"):
            copy_mapped(tmp_path / "full", target, ADDRESSES)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.yaml").write_text("b: 2\n"),
        lambda root: (root / "a.yaml").rename(root / "b.yaml"),
        lambda root: (root / "more.yaml").write_text(""),
        lambda root: (root / "link").unlink(),
        lambda root: ((root / "link").unlink(), (root / "link").symlink_to("b.yaml")),
    ],
)
def test_the_digest_is_of_names_and_contents(tmp_path: Path, change: Callable[[Path], object]) -> None:
    root = tmp_path / "fleet"
    (root / ".git").mkdir(parents=True)
    (root / "a.yaml").write_text("a: 1\n")
    (root / "link").symlink_to("a.yaml")
    was = digest(root)
    (root / ".git" / "HEAD").write_text("main")
    assert digest(Path(shutil.copytree(root, tmp_path / "copy", symlinks=True))) == was
    change(root)
    assert digest(root) != was
