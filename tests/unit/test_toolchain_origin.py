from pathlib import Path

import pytest

from conformance import settings
from conformance.errors import ToolchainError
from conformance.toolchain.origin import (
    BuildInfo,
    Module,
    neutral,
    origin_of_build,
    origin_of_folder,
    parse_build_info,
)
from conformance.toolchain.recipes import load

DATA = settings.data_dir("toolchain")
TEXT = """\
/somewhere/bin/source-controller: go1.26.8
\tpath\tgithub.com/fluxcd/source-controller
\tmod\tgithub.com/fluxcd/source-controller\tv1.9.5\th1:main=
\tdep\tcel.dev/expr\tv0.25.1\th1:expr=
\tdep\tgithub.com/fluxcd/pkg/artifact\tv0.18.3
\t=>\tgithub.com/fluxcd/pkg/artifact\tv0.18.1\th1:artifact=
\tbuild\t-compiler=gc
\tbuild\t-ldflags="-s -w -X a.b=c"
\tbuild\tGOOS=linux
"""


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "source-controller"
    path.write_bytes(b"binary")
    return path


def test_build_info_is_parsed_with_replacements_and_settings() -> None:
    info = parse_build_info(TEXT)
    assert info.go_version == "go1.26.8"
    assert info.package == "github.com/fluxcd/source-controller"
    assert info.main == Module("github.com/fluxcd/source-controller", "v1.9.5", "h1:main=")
    assert [(dep.path, dep.version, dep.effective.version) for dep in info.deps] == [
        ("cel.dev/expr", "v0.25.1", "v0.25.1"),
        ("github.com/fluxcd/pkg/artifact", "v0.18.3", "v0.18.1"),
    ]
    assert info.settings["-ldflags"] == '"-s -w -X a.b=c"'


def test_a_replaced_main_module_and_an_experiment_are_parsed() -> None:
    info = parse_build_info("x: go1.26.8 X:jsonv2\n\tpath\tm\n\tmod\tm\tv1.0.0\n\t=>\t../patched-0\t(devel)\t\n\t\n")
    assert info.go_version == "go1.26.8"
    assert info.main.effective == Module("../patched-0", "(devel)")


@pytest.mark.parametrize("text", ["", "/bin/sh: not a Go executable\n", "x: go1.26.8\n\tpath\tcommand-line\n"])
def test_what_is_no_module_binary_is_refused(text: str) -> None:
    with pytest.raises(ToolchainError, match="no Go module information"):
        parse_build_info(text)


def test_the_kept_text_names_no_path_and_still_parses() -> None:
    assert "/somewhere" not in neutral(TEXT)
    assert parse_build_info(neutral(TEXT)) == parse_build_info(TEXT)


def test_a_substitution_that_is_in_the_binary_is_recorded(binary: Path) -> None:
    build = load("2.9.5", DATA).build_of("source-controller")
    origin = origin_of_build("source-controller", build, parse_build_info(TEXT), binary)
    assert (origin.module, origin.version, origin.source) == ("github.com/fluxcd/source-controller", "v1.9.5", "build")
    assert origin.substituted == (
        "github.com/fluxcd/pkg/artifact v0.18.1 stands in for v0.18.3 (v0.18.3 is not served by the module proxy)",
    )


def test_a_mutated_controller_is_marked(binary: Path) -> None:
    build = load("2.9.2", DATA).build_of("source-controller+unguarded")
    origin = origin_of_build("source-controller+unguarded", build, parse_build_info(TEXT), binary)
    assert origin.version == "v1.9.3+unguarded"
    assert any("never to be certified" in text for text in origin.substituted)


def test_a_given_binary_of_another_version_is_a_stand_in(binary: Path) -> None:
    build = load("2.9.2", DATA).build_of("source-controller")
    origin = origin_of_folder("source-controller", build, parse_build_info(TEXT), binary)
    assert (origin.version, origin.source) == ("v1.9.5", "folder")
    assert "v1.9.5 stands in for github.com/fluxcd/source-controller v1.9.3" in origin.substituted[0]


def test_a_given_binary_of_the_right_version_is_none(binary: Path) -> None:
    build = load("2.9.2", DATA).build_of("source-controller")
    info = BuildInfo("go1.26.8", build.module, Module(build.module, build.version), (), {})
    assert origin_of_folder("source-controller", build, info, binary).substituted == ()


def test_a_given_binary_that_nobody_can_read_is_doubted(binary: Path) -> None:
    build = load("2.9.2", DATA).build_of("source-controller")
    assert "origin unknown" in origin_of_folder("source-controller", build, None, binary).substituted[0]
