import json
import os
import sys
import tarfile
from pathlib import Path

import pytest
from kind_lab import cli, host, traces
from kind_lab.archive import ImageTar
from kind_lab.engine import Engine, _helpers
from kind_lab.host import Impossible, NotNeeded
from kind_lab.images import KEY_LABEL, Image, ImageMaker, _described, planned
from kind_lab.layout import SOURCE, Layout
from kind_lab.node import FILES, TOOLS

from conformance import process, settings
from conformance.errors import ProcessError, ToolchainError
from conformance.process import Completed
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import load

RECIPES = load("2.9.2", settings.data_dir("toolchain"))
RULES = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [7:420]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
"""


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """A Debian with merged /usr, a program behind an alternative, and a folder of plug-ins."""
    root = tmp_path / "debian"
    for folder in ("usr/sbin", "usr/lib/plug", "etc/alternatives"):
        (root / folder).mkdir(parents=True)
    (root / "sbin").symlink_to("usr/sbin")
    (root / "usr/sbin/tool").symlink_to("/etc/alternatives/tool")
    (root / "etc/alternatives/tool").symlink_to("/usr/sbin/tool-legacy")
    (root / "usr/sbin/tool-legacy").symlink_to("multi")
    (root / "usr/sbin/multi").write_text("program")
    (root / "usr/sbin/multi").chmod(0o755)
    (root / "usr/lib/plug/one.so").write_text("one")
    return root


def members(archive: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        assert len(names) == len(set(names)), "the engine refuses a tar file that names a path twice"
        return {info.name: info for info in tar.getmembers()}


@pytest.fixture
def no_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: Completed("", "", 0.0))


@pytest.mark.usefixtures("no_libraries")
def test_a_program_comes_with_every_link_on_the_way_to_it(tmp_path: Path, debian: Path) -> None:
    with ImageTar(tmp_path / "image.tar", debian) as tar:
        tar.programs(["/sbin/tool", "/usr/sbin/multi", "/usr/lib/plug"])
    found = members(tmp_path / "image.tar")
    assert {name: info.linkname for name, info in found.items() if info.issym()} == {
        "sbin": "usr/sbin",
        "usr/sbin/tool": "/etc/alternatives/tool",
        "etc/alternatives/tool": "/usr/sbin/tool-legacy",
        "usr/sbin/tool-legacy": "multi",
    }
    assert found["usr/sbin/multi"].mode == 0o755
    assert found["usr/lib/plug/one.so"].isfile()
    assert found["usr/lib"].isdir()


@pytest.mark.usefixtures("no_libraries")
def test_a_program_that_is_not_there_is_an_error_and_so_is_a_ring_of_links(tmp_path: Path, debian: Path) -> None:
    (debian / "usr/sbin/ring").symlink_to("ring")
    with ImageTar(tmp_path / "image.tar", debian) as tar:
        for path in ("/usr/sbin/absent", "/usr/sbin/ring"):
            with pytest.raises(ToolchainError, match=path):
                tar.programs([path])


def test_the_libraries_of_a_program_come_with_it(tmp_path: Path, debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "\tlibc.so.6 => /usr/lib/plug/one.so (0x00007f)\n\tlinux-vdso.so.1 (0x00007f)\n"
    monkeypatch.setattr(process, "run", lambda *_, **__: Completed(told, "", 0.0))
    with ImageTar(tmp_path / "image.tar", debian) as tar:
        tar.programs(["/usr/sbin/multi"])
    assert "usr/lib/plug/one.so" in members(tmp_path / "image.tar")


def test_a_whole_folder_keeps_what_was_not_excluded_and_takes_more(tmp_path: Path, debian: Path) -> None:
    with ImageTar(tmp_path / "image.tar", debian) as tar:
        tar.whole(debian, "", without=["usr/lib/"])
        tar.whole(debian / "usr/lib", "kind/stored")
        tar.file(b"v1\n", "/usr/sbin/added", 0o755)
        tar.folder("/kind/empty")
    found = members(tmp_path / "image.tar")
    assert "usr/lib/plug" not in found
    assert {"usr/sbin/added", "kind/stored/plug/one.so", "kind/empty", "sbin"} <= set(found)


def test_equal_content_gives_equal_bytes(tmp_path: Path, debian: Path) -> None:
    for name in ("a.tar", "b.tar"):
        with ImageTar(tmp_path / name, debian) as tar:
            tar.file(debian / "usr/sbin/multi", "/multi", 0o755)
        os.utime(debian / "usr/sbin/multi", (1, 1))
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_the_images_have_the_names_of_the_release_and_binaries_that_are_built() -> None:
    images = {image.image: image for image in planned(RECIPES, "x86_64")}
    assert "registry.k8s.io/kube-apiserver:v1.36.3" in images
    flux = {image.tool: image for name, image in images.items() if name.startswith("ghcr.io/fluxcd/")}
    assert len(flux) == 6
    assert flux["kustomize-controller"].image == "ghcr.io/fluxcd/kustomize-controller:v1.9.3"
    assert flux["kustomize-controller"].user == "65534:65534"
    assert "/usr/bin/git" in flux["kustomize-controller"].programs
    pause = images["registry.k8s.io/pause:3.10.2"]
    assert pause.user == "65535:65535", "Pods with runAsNonRoot need a user that is a number"
    for tool in {image.tool for image in images.values()} | set(TOOLS):
        assert (SOURCE / "cmd" / tool / "main.go").is_file() or RECIPES.build_of(tool)
    assert "x86_64-linux-gnu" in "".join(images["docker.io/cloudnativelabs/kube-router:v2.2.1"].programs)


def test_the_pause_of_the_node_is_the_image_that_is_made() -> None:
    pause = next(image.image for image in planned(RECIPES, "x86_64") if image.tool == "pause")
    assert pause in (SOURCE / "node" / "config.toml").read_text()
    assert f'"{pause.partition(":")[2]}"' in (SOURCE / "cmd" / "pause" / "main.go").read_text()
    assert all((SOURCE / "node" / name).is_file() for name in FILES)


class FakeEngine(Engine):
    """Remembers the images that it was given."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.labels: dict[str, str] = {}
        self.imports: list[str] = []

    def label_of(self, image: str, label: str) -> str:
        return self.labels.get(image, "") if label == KEY_LABEL else ""

    def import_image(self, archive: Path, image: str, changes: list[str]) -> None:  # type: ignore[override]
        assert archive.is_file()
        self.imports.append(image)
        self.labels[image] = next(change.rpartition("=")[2] for change in changes if KEY_LABEL in change)


def test_an_image_is_made_once_and_again_when_its_binary_changes(tmp_path: Path, debian: Path) -> None:
    engine, image = FakeEngine(Layout(tmp_path)), Image(image="example.test/tool:1", tool="tool", entrypoint=True)
    binary = tmp_path / "tool"
    binary.write_text("one")
    maker = ImageMaker(engine, {"tool": (binary, "example.test/tool v1")}, debian)
    assert maker.ensure(image)
    assert not maker.ensure(image)
    binary.write_text("two")
    assert maker.ensure(image)
    assert engine.imports == ["example.test/tool:1"] * 2
    assert not list(Layout(tmp_path).temporary().iterdir())


def test_rules_of_the_engine_go_and_others_stay() -> None:
    kept = traces.without_docker(RULES, traces.forward_policy("*filter\n:FORWARD ACCEPT [0:0]\n"))
    assert "docker" not in kept.lower()
    assert ":FORWARD ACCEPT" in kept
    assert "--dport 22" in kept
    assert kept.count("COMMIT") == 2


def test_a_user_who_is_not_root_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Impossible, match="needs root"):
        host.check(Layout(tmp_path), force=False)


def test_another_distribution_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "_distribution", lambda: "alpine")
    with pytest.raises(Impossible, match="this is alpine"):
        host.check(Layout(tmp_path), force=False)


def test_a_kernel_without_what_containers_need_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_works", lambda *_: False)
    with pytest.raises(Impossible, match="namespaces of its own"):
        host._check_kernel()


def test_a_kernel_that_cannot_enforce_policies_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Completed:
        raise ProcessError("ipset: Kernel support protocol is missing")

    monkeypatch.setattr(process, "run", refuse)
    with pytest.raises(Impossible, match=r"cannot enforce NetworkPolicies: ipset: .*missing") as told:
        host.check_policies(tmp_path)
    assert "xt_set" in told.value.hint


def test_packages_that_cannot_be_installed_make_it_impossible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Completed:
        raise ProcessError("'apt-get update' ended with exit code 100")

    monkeypatch.setattr(process, "run", refuse)
    monkeypatch.setattr(host, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(host, "PROGRAMS", {str(tmp_path / "dockerd"): "docker.io", "/bin/sh": "dash"})
    with Step(lambda _: None, "packages", brief=True) as step, pytest.raises(Impossible, match=r"docker\.io cannot be"):
        host.install(step)
    assert not (tmp_path / "policy-rc.d").exists()


@pytest.fixture
def debian_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "_distribution", lambda: "debian")
    monkeypatch.setattr(host, "_check_kernel", lambda: None)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/docker")


@pytest.mark.usefixtures("debian_host")
def test_a_host_with_an_engine_is_left_alone_unless_forced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: Completed("28.0.1\n", "", 0.0))
    with pytest.raises(NotNeeded, match=r"version 28\.0\.1"):
        host.check(Layout(tmp_path), force=False)
    (tmp_path / "kind-lab" / "engine").mkdir(parents=True)
    host.check(Layout(tmp_path), force=True)
    monkeypatch.setattr(settings, "environment", lambda: {"DOCKER_HOST": Layout(tmp_path).docker_host})
    host.check(Layout(tmp_path), force=False)  # it is the lab's own


@pytest.mark.usefixtures("debian_host")
def test_a_full_disk_is_told_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> Completed:
        raise ProcessError("cannot connect")

    monkeypatch.setattr(process, "run", absent)
    monkeypatch.setattr(host, "DISK_BYTES", 2**60)
    with pytest.raises(Impossible, match="GiB are free"):
        host.check(Layout(tmp_path / "not" / "yet"), force=False)
    assert not (tmp_path / "not").exists()


def test_services_of_new_packages_are_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(host, "POLICY", policy)
    with host._no_services():
        assert os.access(policy, os.X_OK)
    assert not policy.exists()
    policy.write_text(host.POLICY_TEXT)
    host._forget_policy()  # of a run that was killed
    assert not policy.exists()
    policy.write_text("#!/bin/sh\n# the host's own\n")
    with host._no_services():
        pass
    assert "own" in policy.read_text()


@pytest.mark.parametrize(
    ("error", "code"), [(Impossible("no"), 20), (NotNeeded("there"), 21), (ToolchainError("broken"), 1)]
)
def test_the_exit_code_says_whether_kind_can_be_exercised(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli.lab, "up", fail)
    assert cli.main(["up"]) == code
    assert str(error) in capsys.readouterr().err


def test_without_an_engine_there_are_no_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kind_lab.layout.RUN", tmp_path)
    assert cli.main(["env"]) == 1
    assert "make kind-lab" in capsys.readouterr().err


def test_the_bridge_of_the_node_is_json() -> None:
    assert json.loads((SOURCE / "node" / "10-bridge.conflist").read_text())["plugins"]


def test_what_a_killed_engine_leaves_is_found_by_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kind_lab.engine.EXEC_ROOT", tmp_path / "exec")
    servers = process.Supervisor("test-kind-lab")
    argv = [sys.executable, "-c", "import sys; sys.stdin.read(); import signal; signal.pause()"]
    mine = servers.start("shim", [*argv, tmp_path / "exec" / "containerd.toml"], log=tmp_path / "log", env={})
    other = servers.start("other", [*argv, tmp_path / "executive"], log=tmp_path / "log", env={})
    try:
        found = {running.pid for running in _helpers()}
    finally:
        servers.stop_all()
    assert mine.pid in found
    assert other.pid not in found


def test_the_operators_image_holds_its_data_and_its_key_follows_them(tmp_path: Path, debian: Path) -> None:
    (image,) = [one for one in planned(RECIPES, "x86_64") if one.tool == "flux-operator"]
    assert image.image == "ghcr.io/controlplaneio-fluxcd/flux-operator:v0.59.0"
    assert dict(image.data) == {"config/data": "/data"}
    binary, data = tmp_path / "flux-operator", tmp_path / "flux-operator-data/config/data/flux/VERSION"
    data.parent.mkdir(parents=True)
    binary.touch()
    data.write_text("v2.9.2")
    engine = FakeEngine(Layout(tmp_path))
    maker = ImageMaker(engine, {image.tool: (binary, "m v1")}, debian)
    plain = Image(image="x:1", tool="flux-operator", data=image.data, files=image.files)
    assert maker.ensure(plain)
    assert not maker.ensure(plain)
    data.write_text("v2.9.5")
    assert maker.ensure(plain)


def test_the_key_of_an_image_without_data_is_what_it_was(tmp_path: Path) -> None:
    assert _described(Image(image="x:1", tool="t")) == (
        "Image(image='x:1', tool='t', path='', entrypoint=False, command='', user='', programs=())"
    )
