"""Packages and pushes what tenants install, with helm and flux themselves.

Every tool gets a home of the run's own: nothing is read from or written to the user's.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

from conformance.errors import ProcessError, ServerError
from conformance.process import run
from conformance.settings import environment

CHART_VERSIONS: Mapping[str, Sequence[str]] = MappingProxyType({"podinfo": ("1.0.0", "1.1.0-alpha.1")})
"""Charts that are packaged in other versions than their own: what a fleet promotes from staging to production."""
_TIMEOUT_S = 60.0
_AT_ONCE = 4


def package_charts(
    helm: Path, sources: Path, out: Path, *, home: Path, versions: Mapping[str, Sequence[str]] = CHART_VERSIONS
) -> list[Path]:
    """Package every chart below `sources`, and write the index of a Helm repository beside the archives.

    Raises:
        ServerError: there is no chart, or helm refuses one.
    """
    charts = sorted(path.parent for path in sources.glob("*/Chart.yaml"))
    if not charts:
        raise ServerError(f"there is no chart below '{sources}'", hint="each chart is a folder with a Chart.yaml")
    out.mkdir(parents=True, exist_ok=True)
    plain = [str(chart) for chart in charts if chart.name not in versions]
    if plain:
        _tool(helm, ["package", *plain, "--destination", str(out)], home)
    for chart in charts:
        for version in versions.get(chart.name, ()):
            _tool(helm, ["package", str(chart), "--version", version, "--destination", str(out)], home)
    _tool(helm, ["repo", "index", str(out)], home)
    return sorted(out.glob("*.tgz"))


def push_charts(helm: Path, charts: Sequence[Path], to: str, *, home: Path) -> None:
    """Push packaged charts below an address such as `oci://127.0.0.1:5000/example/charts`.

    Raises:
        ServerError: helm or the registry refuses one.
    """

    def push(chart: Path) -> None:
        _tool(helm, ["push", str(chart), to, "--plain-http"], home)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(push, charts))


def push_manifests(
    flux: Path, folder: Path, to: str, *, source: str, revision: str, home: Path, tag: str = "latest"
) -> str:
    """Push a folder of manifests as `to`:`tag`; return its digest, which is the same for the same files.

    Raises:
        ServerError: flux or the registry refuses it.
    """
    words = ["push", "artifact", f"{to}:{tag}", f"--path={folder}", f"--source={source}", f"--revision={revision}"]
    said = _tool(flux, [*words, "--insecure-registry", "--reproducible", "--output=json"], home)
    return str(json.loads(said)["digest"])


def flux_prints(flux: Path, words: Sequence[str], *, home: Path) -> str:
    """Return what a flux command prints that asks no cluster, such as one with --export.

    Raises:
        ServerError: flux refuses it.
    """
    return _tool(flux, words, home)


def _tool(binary: Path, words: Sequence[str], home: Path) -> str:
    home.mkdir(parents=True, exist_ok=True)
    try:
        return run([binary, *words], timeout_s=_TIMEOUT_S, env=tool_environment(home)).stdout
    except ProcessError as error:
        raise ServerError(f"{binary.name} {words[0]} failed: {error.what}") from error


def tool_environment(home: Path) -> dict[str, str]:
    """Return the whole environment of helm and flux: homes and temporary files below `home`, no cluster, no proxy."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": environment().get("PATH", ""),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "DOCKER_CONFIG": str(home / "docker"),
        "KUBECONFIG": str(home / "no-kubeconfig"),
        "HELM_CACHE_HOME": str(home / "helm" / "cache"),
        "HELM_CONFIG_HOME": str(home / "helm" / "config"),
        "HELM_DATA_HOME": str(home / "helm" / "data"),
    }
