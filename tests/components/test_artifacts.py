"""The OCI registry with the real helm and flux, and charts of three lines."""

import http.client
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from conformance.artifacts import Registry, package_charts, push_charts, push_manifests
from conformance.artifacts.publish import tool_environment
from conformance.errors import InputError, ServerError
from conformance.process import Supervisor, run
from conformance.repos.git_server import GitServer


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor("test-artifacts")
    yield supervisor
    supervisor.stop_all()


@pytest.fixture
def registry(binary: Callable[[str], Path], tmp_path: Path, supervisor: Supervisor) -> Registry:
    registry = Registry(binary("registry"), tmp_path / "registry", supervisor, tmp_path / "registry.log")
    registry.start()
    return registry


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    """Sources of two charts: podinfo, which is packaged in two versions, and tiny, in its own."""
    for name in ("podinfo", "tiny"):
        folder = tmp_path / "sources" / name
        (folder / "templates").mkdir(parents=True)
        (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n")
        (folder / "templates" / "map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    return tmp_path / "sources"


def get(registry: Registry, path: str) -> Any:
    connection = http.client.HTTPConnection(registry.address, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return json.loads(answer.read()) if answer.status == 200 else answer.status
    finally:
        connection.close()


def test_the_registry_answers_on_loopback_only(registry: Registry, supervisor: Supervisor) -> None:
    assert get(registry, "/v2/") == {}
    assert registry.url == f"oci://127.0.0.1:{registry.port}"
    listening = [
        (c.laddr.ip, c.laddr.port)
        for service in supervisor._services
        for c in psutil.Process(service.pid).net_connections()
        if c.status == psutil.CONN_LISTEN
    ]
    assert listening == [("127.0.0.1", registry.port)]


def test_stop_closes_the_port_and_a_new_start_finds_the_data(
    registry: Registry, binary: Callable[[str], Path], charts: Path, tmp_path: Path
) -> None:
    archives = package_charts(binary("helm"), charts, tmp_path / "out", home=tmp_path / "home")
    push_charts(binary("helm"), archives, f"{registry.url}/example/charts", home=tmp_path / "home")
    port = registry.port
    registry.stop()
    with pytest.raises(ConnectionRefusedError):
        get(registry, "/v2/")
    registry.stop()
    registry.start()
    assert registry.port == port
    assert "example/charts/tiny" in get(registry, "/v2/_catalog")["repositories"]


def test_a_port_in_use_is_bad_input(
    registry: Registry, binary: Callable[[str], Path], tmp_path: Path, supervisor: Supervisor
) -> None:
    second = Registry(binary("registry"), tmp_path / "second", supervisor, tmp_path / "second.log", port=registry.port)
    with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{registry.port}: the port is in use"):
        second.start()


def test_a_registry_that_is_none_is_named(tmp_path: Path, supervisor: Supervisor) -> None:
    with pytest.raises(ServerError, match="did not start"):
        Registry(tmp_path / "nope", tmp_path / "root", supervisor, tmp_path / "log").start()
    with pytest.raises(ServerError, match="ended at its start"):
        Registry(Path(shutil.which("false") or ""), tmp_path / "root", supervisor, tmp_path / "log").start()


def test_charts_are_packaged_indexed_and_served(binary: Callable[[str], Path], charts: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    archives = package_charts(binary("helm"), charts, tmp_path / "out", home=home)
    assert [a.name for a in archives] == ["podinfo-1.0.0.tgz", "podinfo-1.1.0-alpha.1.tgz", "tiny-0.1.0.tgz"]
    with GitServer(tmp_path / "git", tmp_path / "access.jsonl") as server:
        for organisation in ("example", "evil"):
            url = server.publish_charts(organisation, tmp_path / "out")
            (tmp_path / organisation).mkdir()
            words = ["pull", "podinfo", "--repo", url, "--devel", "--destination", tmp_path / organisation]
            run([binary("helm"), *words], timeout_s=30, env=tool_environment(home))
            assert (tmp_path / organisation / "podinfo-1.1.0-alpha.1.tgz").is_file()
        assert {e.path for e in server.entries(path_contains="/charts/evil/", service="charts")} == {
            "/charts/evil/index.yaml",
            "/charts/evil/podinfo-1.1.0-alpha.1.tgz",
        }
    index = yaml.safe_load((tmp_path / "out/index.yaml").read_text())
    assert index["entries"]["tiny"][0]["urls"] == ["tiny-0.1.0.tgz"]


def test_helm_pushes_to_both_organisations_and_pulls(
    registry: Registry, binary: Callable[[str], Path], charts: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    helm = binary("helm")
    archives = package_charts(helm, charts, tmp_path / "out", home=home)
    since = datetime.now(UTC)
    for organisation in ("example", "evil"):
        (tmp_path / organisation).mkdir()
        push_charts(helm, archives, f"{registry.url}/{organisation}/charts", home=home)
        words = ["pull", f"{registry.url}/{organisation}/charts/podinfo", "--version", "1.0.0", "--plain-http"]
        run([helm, *words, "--destination", tmp_path / organisation], timeout_s=30, env=tool_environment(home))
        assert (tmp_path / organisation / "podinfo-1.0.0.tgz").is_file()
    assert get(registry, "/v2/evil/charts/podinfo/tags/list")["tags"] == ["1.0.0", "1.1.0-alpha.1"]
    pulled = registry.pulls(path_contains="/evil/charts/podinfo/manifests/1.0.0", since=since)
    assert {p.status for p in pulled if p.method == "GET"} == {200}
    assert all(p.user_agent.startswith("Helm/") for p in pulled)
    assert registry.pulls(path_contains="/nobody/") == []


def test_flux_pushes_manifests_that_it_can_pull(
    registry: Registry, binary: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    to = f"{registry.url}/example/manifests/app"
    flux, home = binary("flux"), tmp_path / "home"
    origin = {"source": "https://git.example.com/example/app", "revision": "main@sha1:0123456", "home": home}
    digest = push_manifests(flux, folder, to, **origin)
    assert digest == push_manifests(flux, folder, to, tag="again", **origin)
    words = ["pull", "artifact", f"{to}@{digest}", f"--output={tmp_path / 'pulled'}", "--insecure-registry"]
    (tmp_path / "pulled").mkdir()
    run([flux, *words], timeout_s=30, env=tool_environment(home))
    assert (tmp_path / "pulled/map.yaml").read_text() == (folder / "map.yaml").read_text()


def test_what_a_tool_refuses_is_told_in_its_words(binary: Callable[[str], Path], charts: Path, tmp_path: Path) -> None:
    helm, home = binary("helm"), tmp_path / "home"
    with pytest.raises(ServerError, match="there is no chart below"):
        package_charts(helm, tmp_path / "nothing", tmp_path / "out", home=home)
    (charts / "tiny" / "Chart.yaml").write_text("name: tiny\n")
    with pytest.raises(ServerError, match=r"(?s)helm package failed: .*version"):
        package_charts(helm, charts, tmp_path / "out", home=home)
    archive = tmp_path / "x.tgz"
    tarfile.open(archive, "w:gz").close()
    with pytest.raises(ServerError, match="helm push failed"):
        push_charts(helm, [archive], "oci://127.0.0.1:1/example", home=home)
