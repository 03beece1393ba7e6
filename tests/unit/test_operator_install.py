"""How the Flux Operator is installed: what kubectl and helm are told, and which charts are refused."""

import itertools
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from conformance.artifacts import Chart, pulled
from conformance.bootstrap import operator_install
from conformance.bootstrap.operator_install import VALUES, ByChart, ByManifests, operator_chart, pull_operator_chart
from conformance.errors import InputError, ProcessError, ServerError
from conformance.process import Completed
from conformance.runs import RunFolder
from conformance.settings import Settings, data_dir, network_environment
from conformance.toolchain import Toolchain

ADDRESS = "oci://registry.example.com/charts/flux-operator"
DIGEST = f"sha256:{'0a' * 32}"
ABOUT = {"name": "flux-operator", "version": "0.59.0", "appVersion": "v0.59.0"}
Commands = list[tuple[list[str], Mapping[str, str]]]


def chart(folder: Path, about: Mapping[str, str] = ABOUT) -> Chart:
    return Chart(address=ADDRESS, version="0.59.0", digest=DIGEST, archive=folder / "chart.tgz", about=about)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    seen: Commands = []

    def run(argv: list[object], *, env: Mapping[str, str], **_: object) -> None:
        seen.append(([str(word) for word in argv], env))

    monkeypatch.setattr(operator_install, "run", run)
    return seen


def test_manifests_get_the_operators_own_multi_tenancy_and_no_web_page(tmp_path: Path, commands: Commands) -> None:
    for part in ("crd", "manager", "default", "rbac"):
        (tmp_path / "config" / part).mkdir(parents=True)
        (tmp_path / "config" / part / "kustomization.yaml").touch()
    (tmp_path / "home").mkdir()
    by = ByManifests(
        kubectl=Path("kubectl"), manifests=tmp_path / "config", home=tmp_path / "home", timeout_s=5, run_id="r"
    )
    by.install(Path("kubeconfig"), "flux-system")
    ((words, env),) = commands
    folder = tmp_path / "home" / "operator"
    assert words[1:5] == ["--kubeconfig", "kubeconfig", "--namespace", "flux-system"]
    assert words[5:] == ["apply", "--server-side", "-k", str(folder)]
    assert env["FLUX_TENANCY_RUN_ID"] == "r"
    overlay = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert overlay["resources"] == ["config/default"]
    assert (folder / "config/crd/kustomization.yaml").is_file()
    (patch,) = overlay["patches"]
    assert patch["target"] == {"kind": "Deployment", "name": "flux-operator"}
    (step,) = yaml.safe_load(patch["patch"])
    assert step["value"] == ["--default-service-account=flux-operator", "--web-server-port=0"]


def test_the_reference_fleet_tells_its_adopters_the_same_values() -> None:
    """By values alone: the chart always sets WEB_SERVER_PORT, which wins over an argument."""
    text = (data_dir("fleet-repo") / "README.md").read_text().replace("\\\n", " ")
    (line,) = (line for line in text.splitlines() if line.strip().startswith("helm install"))
    words = shlex.split(line)
    given = {following for word, following in itertools.pairwise(words) if word == "--set"}
    assert given == {"multitenancy.enabled=true", "web.enabled=false"}
    assert VALUES["multitenancy"]["enabled"] is True
    assert VALUES["web"]["enabled"] is False
    assert "--web-server-port" not in line


def test_a_chart_gets_the_same_by_its_values(tmp_path: Path, commands: Commands) -> None:
    by = ByChart(helm=Path("helm"), chart=chart(tmp_path), home=tmp_path, timeout_s=5, run_id="r")
    by.install(Path("kubeconfig"), "flux-system")
    ((words, env),) = commands
    assert words[:4] == ["helm", "install", "flux-operator", str(tmp_path / "chart.tgz")]
    assert words[4:9] == ["--kubeconfig", "kubeconfig", "--namespace", "flux-system", "--create-namespace"]
    assert words[11:] == ["--timeout=5s"]
    assert yaml.safe_load(Path(words[10]).read_text()) == VALUES
    assert VALUES == {
        "multitenancy": {"enabled": True, "defaultServiceAccount": "flux-operator"},
        "web": {"enabled": False},
    }
    assert (env["FLUX_TENANCY_RUN_ID"], env["HOME"]) == ("r", str(tmp_path))
    assert f"{ADDRESS}:0.59.0 ({DIGEST})" in by.note


def fake_helm(monkeypatch: pytest.MonkeyPatch, *, about: Mapping[str, str] = ABOUT, said: str = "") -> list[list[str]]:
    """Let `helm pull` leave an archive and say this, and `helm show chart` print that."""
    seen: list[list[str]] = []

    def run(argv: list[object], **_: object) -> Completed:
        words = [str(word) for word in argv]
        seen.append(words)
        if words[1] == "show":
            return Completed(yaml.safe_dump(dict(about)), "", 0.1)
        Path(words[words.index("--destination") + 1], "flux-operator-0.59.0.tgz").touch()
        return Completed(said or f"Pulled: x\nDigest: {DIGEST}\n", "", 0.1)

    monkeypatch.setattr(pulled, "run", run)
    return seen


def pull(folder: Path, address: str = ADDRESS) -> Chart:
    return pull_operator_chart(Path("helm"), address, "v0.59.0", folder, 30.0)


def test_the_chart_of_the_operators_release_is_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = fake_helm(monkeypatch)
    found = pull(tmp_path)
    assert seen[0][1:5] == ["pull", ADDRESS, "--version", "0.59.0"]
    assert (found.digest, found.archive) == (DIGEST, tmp_path / "chart/flux-operator-0.59.0.tgz")


@pytest.mark.parametrize(
    ("host", "plain"),
    [("127.0.0.1:5000", True), ("localhost:5000", True), ("[::1]:5000", True), ("127.0.0.1.example.com", False)],
)
def test_plain_http_is_for_loopback_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, *, plain: bool
) -> None:
    seen = fake_helm(monkeypatch)
    pull(tmp_path, f"oci://{host}/charts/flux-operator")
    assert ("--plain-http" in seen[0]) is plain


@pytest.mark.parametrize("changed", [{"name": "other"}, {"version": "0.58.0"}, {"appVersion": "v0.58.0"}])
def test_another_chart_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str]) -> None:
    fake_helm(monkeypatch, about={**ABOUT, **changed})
    with pytest.raises(InputError, match=r"is not the chart of flux-operator v0\.59\.0: name "):
        pull(tmp_path)


def test_a_chart_that_cannot_be_had_is_bad_input_in_helms_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, **__: object) -> Completed:
        raise ProcessError("'helm pull' ended with exit code 1\nnot found")

    monkeypatch.setattr(pulled, "run", run)
    with pytest.raises(InputError, match=r"(?s)cannot pull the chart oci://.* in version 0\.59\.0: .*not found"):
        pull(tmp_path)


def test_a_chart_without_a_digest_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_helm(monkeypatch, said="Pulled: x\n")
    with pytest.raises(InputError, match="helm says no digest"):
        pull(tmp_path)


def test_without_an_address_nothing_is_asked(tmp_path: Path) -> None:
    nobody = cast("Toolchain", SimpleNamespace())
    assert operator_chart(Settings(), nobody, RunFolder("r", tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_the_operators_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(operator_install, "pull_operator_chart", lambda *given: asked.append(given) or chart(tmp_path))
    recipes = SimpleNamespace(build_of=lambda _: SimpleNamespace(version="v0.59.0"))
    toolchain = cast("Toolchain", SimpleNamespace(recipes=recipes, path=Path))
    found = operator_chart(Settings(operator_chart=ADDRESS), toolchain, RunFolder("r", tmp_path))
    assert found == chart(tmp_path)
    assert asked == [(Path("helm"), ADDRESS, "v0.59.0", tmp_path / "operator-chart", 30.0)]


def test_proxies_and_certificates_are_what_reaches_a_registry() -> None:
    given = {"https_proxy": "a", "NO_PROXY": "b", "SSL_CERT_FILE": "c", "GITHUB_TOKEN": "d", "HOME": "e"}
    assert network_environment(given) == {"https_proxy": "a", "NO_PROXY": "b", "SSL_CERT_FILE": "c"}


def test_serverside_errors_keep_their_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_helm(monkeypatch, said="nothing")
    with pytest.raises(ServerError):
        pulled.pull_chart(Path("helm"), ADDRESS, "0.59.0", tmp_path / "c", home=tmp_path, timeout_s=1)
