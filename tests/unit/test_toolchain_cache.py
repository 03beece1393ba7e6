import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.errors import InputError, ToolchainError
from conformance.model import BinaryOrigin
from conformance.toolchain import Toolchain
from conformance.toolchain.builder import binary_name
from conformance.toolchain.cache import Cache, Entry, data_problem
from conformance.toolchain.recipes import GIB, data_of

INPUTS = {"tool": "etcd", "version": "v3.7.3", "go.sum": "a"}
GO = {"version": "go1.26.8", "platform": "linux/amd64"}


def origin() -> BinaryOrigin:
    return BinaryOrigin(
        tool="etcd",
        module="m",
        version="v3.7.3",
        go_version="go1.26.8",
        go_sum_sha256="a",
        binary_sha256="b",
        source="build",
    )


def keep(cache: Cache, inputs: Mapping[str, str] = INPUTS, go: Mapping[str, str] = GO) -> Entry:
    with cache.workspace() as work:
        (work / "out").write_bytes(b"binary")
        return cache.add(work / "out", inputs, go, origin(), "go1.26.8\n")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    found = Cache(tmp_path / "cache")
    found.check_writable()
    return found


def test_what_was_added_is_found_again_and_says_so(cache: Cache) -> None:
    kept = keep(cache)
    found = cache.find(INPUTS, GO)
    assert found is not None
    assert found.binary == kept.binary
    assert found.binary.read_bytes() == b"binary"
    assert found.origin.source == "cache"
    assert not cache.tmp.exists()


@pytest.mark.parametrize(
    ("inputs", "go"),
    [({**INPUTS, "go.sum": "other"}, GO), (INPUTS, {**GO, "version": "go1.27.0"}), (INPUTS, {**GO, "platform": "x/y"})],
)
def test_other_inputs_or_another_go_are_another_binary(
    cache: Cache, inputs: dict[str, str], go: dict[str, str]
) -> None:
    keep(cache)
    assert cache.find(inputs, go) is None


def test_without_go_the_binary_of_any_go_serves(cache: Cache) -> None:
    keep(cache)
    assert cache.find(INPUTS, None) is not None
    assert cache.find({**INPUTS, "go.sum": "other"}, None) is None


@pytest.mark.parametrize("harm", ["truncate", "record", "format", "gone"])
def test_a_broken_entry_is_no_entry_and_is_replaced(cache: Cache, harm: str) -> None:
    entry = keep(cache)
    record = entry.binary.with_name("origin.json")
    if harm == "truncate":
        entry.binary.write_bytes(b"bin")
    elif harm == "record":
        record.write_text("{")
    elif harm == "format":
        record.write_text(json.dumps({**json.loads(record.read_text()), "format": 0}))
    else:
        entry.binary.unlink()
    assert cache.find(INPUTS, GO) is None
    keep(cache)
    assert cache.find(INPUTS, GO) is not None


def test_adding_twice_keeps_one(cache: Cache) -> None:
    assert keep(cache).binary == keep(cache).binary
    assert len(cache.entries()) == 1


def test_a_folder_that_cannot_be_written_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as refused:
        Toolchain("2.9.2", None, tmp_path / "file" / "cache", print)
    assert "is not writable" in str(refused.value)
    assert "FLUX_TENANCY_CACHE" in str(refused.value)


def test_too_little_disk_is_refused_with_the_need(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2 * GIB))
    with pytest.raises(InputError) as refused:
        cache.check_free(5 * GIB)
    assert "5.5 GiB needed" in str(refused.value)
    assert "2.0 GiB free" in str(refused.value)
    assert "FLUX_TENANCY_CACHE" in str(refused.value)


def test_what_an_interrupted_build_left_counts_for_the_resumed_one(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.go_caches[0].mkdir(parents=True)
    with (cache.go_caches[0] / "big").open("wb") as sparse:
        sparse.truncate(4 * GIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2 * GIB))
    cache.check_free(5 * GIB)


def test_a_folder_of_tools_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="toolchain folder"):
        Toolchain("2.9.2", tmp_path / "nowhere", tmp_path / "cache", print)


def test_cleaning_can_keep_the_binaries(cache: Cache) -> None:
    keep(cache)
    (cache.go_caches[1] / "x").mkdir(parents=True)
    cache.clean(keep_binaries=True)
    assert len(cache.entries()) == 1
    assert not cache.go_caches[1].exists()
    assert cache.clean(keep_binaries=False) > 0
    assert not cache.entries()


def test_a_stale_holder_is_not_named_and_a_waiting_build_can_be_stopped(cache: Cache) -> None:
    lines: list[str] = []
    stop = threading.Event()

    def heard(line: str) -> None:
        lines.append(line)
        stop.set()

    with cache.lock(lines.append, threading.Event()):
        (cache.root / "build.holder").write_text("[999999, 1.0]")
        with pytest.raises(ToolchainError, match="stopped while waiting"), cache.lock(heard, stop):
            pass
    assert lines == ["waiting for another build that uses this cache"]


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("go.etcd.io/etcd/server/v3", "server"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
        ("./cmd/flux", "flux"),
        ("github.com/fluxcd/source-controller", "source-controller"),
    ],
)
def test_the_name_that_go_gives_a_binary(package: str, name: str) -> None:
    assert binary_name(package) == name


def keep_with_data(cache: Cache) -> Entry:
    with cache.workspace() as work:
        (work / "out").write_bytes(b"binary")
        (work / "data" / "config").mkdir(parents=True)
        (work / "data" / "config" / "a.yaml").write_text("a: 1\n")
        return cache.add(work / "out", INPUTS, GO, origin(), "go1.26.8\n", work / "data")


def test_data_lie_beside_their_binary_and_are_part_of_the_entry(cache: Cache) -> None:
    kept = keep_with_data(cache)
    data = data_of(kept.binary)
    assert data == kept.binary.parent / "etcd-data"
    assert (data / "config" / "a.yaml").read_text() == "a: 1\n"
    assert cache.find(INPUTS, GO) is not None
    assert data_problem(kept.binary) == ""
    (data / "config" / "a.yaml").write_text("a: 2\n")
    assert data_problem(kept.binary) == "its data are not the recorded ones"
    shutil.rmtree(data)
    assert cache.find(INPUTS, GO) is None, "an entry without its data is no entry"


def test_a_binary_without_data_has_no_problem_with_them(cache: Cache) -> None:
    assert data_problem(keep(cache).binary) == ""
