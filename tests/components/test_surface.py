"""The surface of real releases: read from the pinned module, all of it mapped, and no rule for what is not there."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from conformance import settings
from conformance.model import EXIT_CODES, ExitCode, Verdict
from conformance.surface import Kind, Surface, compare, surface_of
from conformance.surface.classes import classes
from conformance.surface.flags import help_of, of_help
from conformance.surface.manifests import Contents, contents
from conformance.surface.mapping import mapping
from conformance.surface.page import markdown, section
from conformance.toolchain import ReleaseData, cached_tools, release_data
from conformance.toolchain.recipes import version_tuple

PAGE = Path(__file__).parents[2] / "docs" / "surface.md"
OLDEST = (2, 7, 1)
LATEST = 4
"""So many releases are mapped wholly."""
AS_WRITTEN = date(2026, 11, 21)
"""Waivers are judged as they were written: when one has ended the verdict says so, whatever the day of a test."""
SECONDS = 180.0
"""A surface takes 2 s alone; on a busy machine one was seen to take 40."""


@cache
def data() -> ReleaseData:
    return release_data(settings.cache_dir(), print)


@cache
def supported() -> Mapping[str, Contents]:
    known = [version for version in data().versions if version_tuple(version) >= OLDEST]
    return {version: contents(data().manifests(version)) for version in known}


@cache
def surface(version: str) -> Surface:
    return surface_of(version, today=AS_WRITTEN, tell=print)


def latest() -> list[str]:
    return list(supported())[-LATEST:]


def test_the_data_have_the_releases_that_they_should() -> None:
    assert {"2.7.1", "2.8.0", "2.9.2", "2.9.5"} <= set(supported())
    assert latest() == ["2.9.2", "2.9.3", "2.9.4", "2.9.5"]


@pytest.mark.parametrize("version", ["2.9.2", "2.9.3", "2.9.4", "2.9.5"])
def test_every_entry_of_the_four_latest_releases_is_mapped(version: str) -> None:
    found = surface(version)
    assert [entry.id for entry in found.unmapped] == []
    assert found.verdict is Verdict.CONFORMANT
    assert {kind: 0 for kind in Kind if not any(entry.kind is kind for entry in found.entries)} == {}


OPERATORS_KINDS = ("FluxInstance", "ResourceSet", "ResourceSetInputProvider")
ADDED_BY_OPERATOR = {
    *(f"field Alert:spec.eventSources[].kind={kind}" for kind in OPERATORS_KINDS),
    *(f"field Receiver:spec.resources[].kind={kind}" for kind in OPERATORS_KINDS),
    "rule ClusterRole/crd-controller fluxcd.controlplane.io/* [*]",
}
"""A cluster has them where the Flux Operator installed Flux; test_probe_elsewhere.py probes one."""


def test_nothing_is_mapped_that_no_supported_release_has() -> None:
    ids = {entry.id for version in supported() for entry in surface(version).entries}
    asked = {flag for version in supported() for flag in surface(version).flags_from.items()}
    missing = [
        name for name in mapping().unused(ids) if (name.split()[1], "help") in asked or not name.startswith("flag")
    ]
    assert set(missing) == ADDED_BY_OPERATOR


def test_no_rule_of_classes_fits_nothing_that_a_supported_release_has(binary: Callable[[str], Path]) -> None:
    leaves = [leaf for found in supported().values() for leaf in found.leaves]
    kinds = [one.kind for found in supported().values() for one in found.objects]
    controllers = [one for one in supported()["2.9.2"].controllers if one.name != "source-watcher"]
    flags = [flag.name for one in controllers for flag in of_help(one, help_of(binary(one.name)), "")]
    assert classes().unused(leaves, flags, kinds) == []


def test_flags_are_read_from_the_binaries_that_are_at_hand() -> None:
    tools = {(tool.origin.tool, tool.origin.version) for tool in cached_tools(settings.cache_dir())}
    for version in latest():
        found = surface(version)
        wanted = {name: "help" if (name, at) in tools else "manifest" for name, at in found.components.items()}
        assert found.flags_from == wanted


def test_the_default_release_s_lockdown_flags_are_read_from_its_binaries(binary: Callable[[str], Path]) -> None:
    assert binary("kustomize-controller").is_file()
    assert binary("helm-controller").is_file()
    flags = {entry.id for entry in surface("2.9.2").entries if entry.detail.get("controller")}
    assert "flag kustomize-controller --no-remote-bases" in flags
    assert "flag helm-controller --default-service-account" in flags


def test_a_release_does_not_differ_from_itself() -> None:
    diff = compare(surface("2.9.5"), surface("2.9.5"))
    assert not [*diff.new, *diff.removed, *diff.changed, *diff.new_leaves, *diff.removed_leaves, *diff.incomparable]


def test_what_2_9_5_changed_of_2_9_2_is_seen() -> None:
    diff = compare(surface("2.9.2"), surface("2.9.5"))
    changed = {one.after.id: one for one in diff.changed}
    refspec = changed["field ImageUpdateAutomation:spec.git.push.refspec"]
    assert "pattern" not in refspec.before.detail
    assert refspec.after.detail["pattern"]
    assert "object NetworkPolicy/allow-webhooks" in changed
    assert diff.unmapped == ()


def test_a_minor_release_s_new_fields_are_listed_whatever_they_touch() -> None:
    diff = compare(surface("2.8.8"), surface("2.9.0"))
    assert diff.new_leaves["Receiver:spec.oidcProviders[].issuerURL"] == "identity, url"
    assert diff.new_leaves["Kustomization:spec.buildMetadata[]"].startswith("names, labels")
    assert "field Receiver:spec.type=generic-oidc" in {entry.id for entry in diff.new}


def test_an_older_release_s_surface_that_nobody_looked_at_is_inconclusive() -> None:
    found = surface("2.7.1")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "field Kustomization:spec.patchesStrategicMerge[]" in {entry.id for entry in found.unmapped}


def test_the_page_in_the_repository_is_current() -> None:
    """Of the flags, only of controllers whose binaries are here: the page was made where more may have been."""
    found, page = surface("2.9.5"), PAGE.read_text(encoding="utf-8")
    assert page.splitlines()[0] == markdown(found).splitlines()[0]
    for kind in Kind:
        if kind is not Kind.FLAG:
            assert section(found, kind) in page, f"docs/surface.md is stale: {kind}; next: make surface"
    for controller, source in found.flags_from.items():
        if f"--help of {controller} " in page and source == "help":
            rows = section(found, Kind.FLAG, controller).splitlines()[4:]
            assert rows
            assert "\n".join(rows) in page, f"docs/surface.md is stale: {controller}; next: make surface"


def test_the_command_takes_seconds_and_no_cluster() -> None:
    argv = [sys.executable, "-m", "conformance", "surface", "diff", "2.9.2", "2.9.5"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)
    # No module serves all controllers of 2.9.5: their flags cannot be compared.
    assert "verdict       inconclusive: 0 entries of 2.9.5 mapped to nothing" in ended.stdout
    assert ended.returncode == EXIT_CODES[ExitCode.INCONCLUSIVE]
