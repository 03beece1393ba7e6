"""Each bad input is a usage error with a clear text, before anything is started."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.settings import data_dir


def refused(result: pytest.RunResult, *texts: str) -> None:
    said = result.stderr.str()
    assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str() + said
    assert "ERROR (not a finding): input: " in said
    assert "Traceback" not in said
    for text in texts:
        assert text in said


@pytest.mark.parametrize(
    ("option", "texts"),
    [
        ("--flux-version=9.9.9", ["9.9.9", "2.9.2"]),
        ("--flux-provider=moon", ["--flux-provider 'moon' is unknown", "known: embedded"]),
        ("--flux-provider=existing", ["needs the context of the cluster by its name", "kubectl config get-contexts"]),
        ("--flux-context=prod", ["--flux-context is for existing clusters alone", "--flux-provider existing"]),
        ("--flux-bootstrap=hands", ["--flux-bootstrap 'hands' is unknown", "known: cli"]),
        ("--flux-profile=strict", ["--flux-profile 'strict' is unknown", "known: core, hardened"]),
        ("--flux-timeout-factor=fast", ["--flux-timeout-factor 'fast'", "0.1 to 100"]),
        ("--flux-timeout-factor=nan", ["--flux-timeout-factor 'nan'"]),
        ("--flux-timeout-factor=0", ["--flux-timeout-factor '0'"]),
        ("--flux-toolchain=nowhere", ["--flux-toolchain 'nowhere' is not a folder"]),
        ("--flux-fleet=nowhere", ["--flux-fleet 'nowhere' is not a folder"]),
        ("--flux-tenant=nowhere", ["--flux-tenant 'nowhere' is not a folder"]),
        ("--flux-mutants=M02,M99", ["unknown mutants: M99", "flux-tenancy mutants --list"]),
        ("--flux-mutants=M02", ["no mutant was collected", "flux-tenancy mutants"]),
    ],
)
def test_an_option_that_cannot_work(suite: Any, option: str, texts: list[str]) -> None:
    refused(suite.run("-m", "staging", suite.checks, option), *texts)
    assert suite.nothing_was_started()


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["--flux-context=moon"], ["no context 'moon'", "known: here"]),
        (["--flux-context=here", "--flux-kubeconfig=nowhere"], ["kubeconfig '", "nowhere' cannot be read"]),
        (["--flux-context=here", "--flux-mode=probe"], ["context 'here' cannot be read", "try `kubectl version`"]),
        (["--flux-context=here", "--flux-mode=poke"], ["--flux-mode 'poke' is unknown", "known: audit, probe"]),
        (["--flux-context=here", "--flux-keep"], ["makes no sense with an existing cluster: --flux-keep"]),
        (["--flux-context=here", "--flux-mutants=M02"], ["makes no sense with an existing cluster: --flux-mutants"]),
    ],
)
def test_an_existing_cluster_that_cannot_be_read(
    suite: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], texts: list[str]
) -> None:
    (tmp_path / "config").write_text("contexts: [{name: here, context: {}}]\ncurrent-context: here\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    refused(suite.run("-m", "staging", suite.checks, "--flux-provider=existing", *words), *texts)
    assert suite.nothing_was_started()


def without_staging(fleet: Path) -> list[str]:
    shutil.rmtree(fleet / "clusters" / "staging")
    return ["no folder clusters/staging"]


def with_an_unknown_key(fleet: Path) -> list[str]:
    path = fleet / "conformance.yaml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "tenantLable: x", ""]))
    return [f"{path}:{len(lines) + 1}: tenantLable: unknown key", 'did you mean "tenantLabel"?']


def with_broken_yaml(fleet: Path) -> list[str]:
    path = fleet / "tenants" / "base" / "broken.yaml"
    path.write_text("a: 1\nb: [1,\nc: 2\n")
    return [f"{path}:3: not valid YAML"]


@pytest.mark.parametrize("spoil", [without_staging, with_an_unknown_key, with_broken_yaml])
def test_a_fleet_that_cannot_work(suite: Any, tmp_path: Path, spoil: Callable[[Path], list[str]]) -> None:
    fleet = tmp_path / "fleet"
    shutil.copytree(data_dir("fleet-repo"), fleet)
    texts = spoil(fleet)
    refused(suite.run("-m", "staging", suite.checks, f"--flux-fleet={fleet}"), *texts)
    assert suite.nothing_was_started()


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        pytest.param("a: ${git_url}\nb: ${nobody}\n", "f01_own.yaml:2: unknown substitution 'nobody'", id="unknown"),
        pytest.param("a: $\n", "f01_own.yaml:1: unknown substitution '$'", id="lonely"),
        pytest.param("kind: [\n", "f01_own.yaml: is not YAML", id="not YAML"),
        pytest.param("kind: ConfigMap\n", "f01_own.yaml: every document needs apiVersion", id="no object"),
    ],
)
def test_a_scenario_that_cannot_work(suite: Any, scenario: str, text: str) -> None:
    suite.write_check(scenario=scenario)
    refused(suite.run(), text)
    assert suite.nothing_was_started()


def test_a_check_without_a_scenario(suite: Any) -> None:
    suite.write_check().with_name("f01_own.yaml").unlink()
    refused(suite.run(), "f01_own.yaml: cannot be read", "each check has one YAML beside it")


def test_no_git_on_path(suite: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(suite.run("-m", "staging", suite.checks), "no 'git' on PATH", "install git")
    assert suite.nothing_was_started()


def test_a_report_folder_that_cannot_be_written(suite: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    given = f"--flux-report={tmp_path / 'file' / 'report'}"
    refused(suite.run("-m", "staging", suite.checks, given), "cannot be written", "--flux-report")
    assert suite.nothing_was_started()


@pytest.mark.parametrize("variable", ["FLUX_TENANCY_CACHE", "FLUX_TENANCY_STATE"])
def test_a_folder_of_ours_that_cannot_be_written(
    suite: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    # A file in place of the folder: root may write everywhere else.
    (tmp_path / "file").touch()
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    refused(suite.run("-m", "staging", suite.checks, "--flux-report=report"), str(tmp_path / "file"), variable)
    assert suite.nothing_was_started()


def test_a_disk_that_is_too_small_leaves_no_folder(suite: Any) -> None:
    suite.pytester.makeconftest(
        "import shutil\nfrom collections import namedtuple\n"
        "shutil.disk_usage = lambda _: namedtuple('Usage', 'total used free')(1, 1, 1)\n"
    )
    suite.write_check()
    refused(suite.run(), "not enough disk", "FLUX_TENANCY_CACHE")
    assert suite.nothing_was_started()
