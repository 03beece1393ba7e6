"""The difference of two surfaces, and how surfaces are shown: as YAML, as Markdown, and on the command line."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.surfaces import EXCUSE, TODAY, surface, texts
from typer.testing import CliRunner

from conformance import cli, surface_cli
from conformance.errors import InputError, ToolchainError
from conformance.model import BinaryOrigin, Verdict
from conformance.surface import Kind, Surface, compare
from conformance.surface.document import diff_document, surface_document, surface_from_yaml, to_yaml
from conformance.surface.page import diff_markdown, markdown
from conformance.toolchain import CachedTool

CRD, RBAC = "lamp-controller.yaml", "rbac.yaml"


def later(*changes: tuple[str, str, str], **kinds: Any) -> Surface:
    """The release with texts replaced: file, what, by what."""
    given = texts()
    for file, old, new in changes:
        assert old in given[file]
        given[file] = given[file].replace(old, new)
    return surface(given, version="1.2.4", **kinds)


def test_a_release_that_changed_nothing_differs_in_nothing() -> None:
    diff = compare(surface(), later())
    assert (diff.new, diff.removed, diff.changed) == ((), (), ())
    assert (diff.new_leaves, diff.removed_leaves) == ({}, {})


def test_a_new_field_is_new_whatever_it_touches() -> None:
    diff = compare(surface(), later((CRD, "older: {", "when: {type: string}\n                older: {")))
    assert diff.new_leaves == {"Lamp:spec.when": "unclassified"}
    assert [entry.id for entry in diff.new] == ["field Lamp:spec.when"]


def test_a_new_field_that_touches_nothing_is_listed_all_the_same() -> None:
    older = later((CRD, "                wait: {type: boolean, description: Wait until it shines.}\n", ""))
    diff = compare(older, surface())
    assert diff.new_leaves == {"Lamp:spec.wait": "only a matter of time"}
    assert diff.new == ()


def test_a_new_value_of_a_reference_is_new_surface() -> None:
    rules = [{"names": ["Lamp:spec.sourceRef.kind{,=Battery,=Mains}"], "checks": ["A01"]}]
    diff = compare(surface(field=rules), later((CRD, "[Battery, Mains]", "[Battery, Mains, Sun]"), field=rules))
    assert [entry.id for entry in diff.new] == ["field Lamp:spec.sourceRef.kind=Sun"]
    assert "field Lamp:spec.sourceRef.kind=Sun" in {entry.id for entry in diff.unmapped}
    assert (diff.verdict, diff.exit_code) == (Verdict.INCONCLUSIVE, 10)


def test_a_pattern_that_goes_is_a_change() -> None:
    diff = compare(surface(), later((CRD, ', pattern: "^[0-9]+s$"', "")))
    assert [
        (one.before.id, one.before.detail.get("pattern"), one.after.detail.get("pattern")) for one in diff.changed
    ] == [("field Lamp:spec.interval", "^[0-9]+s$", None)]


def test_a_rule_between_fields_that_goes_is_seen() -> None:
    diff = compare(surface(), later((CRD, "!has(self.wait) ||\\n  self.wait", "self.wait")))
    assert diff.removed_leaves == {"Lamp:spec!!has(self.wait) || self.wait": "a rule between fields"}
    assert list(diff.new_leaves) == ["Lamp:spec!self.wait"]


def test_a_right_with_one_verb_more_is_another_right() -> None:
    diff = compare(surface(), later((RBAC, "verbs: [get, list]", "verbs: [get, list, update]")))
    assert [entry.id for entry in diff.new] == ["rule ClusterRole/lamp-controller core/secrets [get,list,update,watch]"]
    assert [entry.id for entry in diff.removed] == ["rule ClusterRole/lamp-controller core/secrets [get,list,watch]"]


def test_a_label_that_aggregates_is_what_a_tenant_gains() -> None:
    diff = compare(surface(), later((RBAC, "aggregate-to-edit:", "aggregate-to-view:")))
    assert {entry.id for entry in diff.new if entry.kind is Kind.GRANT} == {
        "grant view lights.example.com/* [get,patch]"
    }


def test_a_flag_that_a_deployment_sets_otherwise_is_a_change() -> None:
    diff = compare(surface(), later((CRD, "--storage-path=/data", "--storage-path=/tmp")))
    assert [(one.before.detail["set"], one.after.detail["set"]) for one in diff.changed] == [("/data", "/tmp")]


def test_only_what_deployments_set_is_compared_when_one_side_was_asked_less(tmp_path: Path) -> None:
    path = tmp_path / "lamp-controller"
    path.write_text(
        "#!/bin/sh\necho '      --storage-path string   Where. (default \"/data\")'\necho '      --dim   Less.'\n"
    )
    path.chmod(0o755)
    known = {"module": "m", "go_version": "go1", "go_sum_sha256": "", "source": "cache", "binary_sha256": ""}
    tool = CachedTool(path, BinaryOrigin(tool="lamp-controller", version="v1.2.3", **known), 1)
    change = (CRD, ", --storage-path=/data", ", --insecure")
    diff = compare(surface(), later(change, tools=[tool]))
    assert [entry.id for entry in diff.new] == ["flag lamp-controller --insecure"]
    assert [entry.id for entry in diff.removed] == ["flag lamp-controller --storage-path"]
    assert diff.changed == ()
    assert diff.incomparable == (
        "flags of lamp-controller that no Deployment sets: 1.2.3 was read from manifest, 1.2.4 from help",
    )


def test_flags_that_neither_side_was_asked_for_are_not_alike() -> None:
    """Two Deployments name a few flags: which others there are, nobody knows of either release."""
    assert compare(surface(), later()).incomparable == (
        "flags of lamp-controller that no Deployment sets: 1.2.3 was read from manifest, 1.2.4 from manifest",
    )


EVERYTHING: dict[str, Any] = {
    "field": [
        {"names": ["Lamp:spec.{interval,values,status}"], "checks": ["A01"]},
        {"names": ["Lamp:spec.dependsOn[].{name,namespace}"], "waiver": EXCUSE},
    ]
}


def test_yaml_says_what_the_surface_says() -> None:
    found = surface(**EVERYTHING)
    data = yaml.safe_load(to_yaml(surface_document(found)))
    assert (data["kind"], data["version"], data["verdict"], data["exitCode"]) == (
        "FluxSurface",
        "1.2.3",
        "inconclusive",
        10,
    )
    assert data["counts"]["entries"] == len(found.entries) == len(data["entries"])
    assert data["counts"]["waived"] == 2
    assert data["unmapped"] == [entry.id for entry in found.unmapped]
    by_id = {entry["id"]: entry for entry in data["entries"]}
    assert by_id["field Lamp:spec.interval"]["checks"] == ["A01"]
    assert by_id["field Lamp:spec.dependsOn[].name"]["waiver"] == {**EXCUSE}
    assert data["leaves"] == dict(found.leaves)


def test_a_surface_is_read_back_as_it_was_written() -> None:
    for found in (surface(), surface(**EVERYTHING), surface(**EVERYTHING, today=TODAY + timedelta(days=1))):
        again = surface_from_yaml(to_yaml(surface_document(found)), "x.yaml")
        assert again == found
        assert compare(found, again).removed_leaves == {}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: "kind: FluxSurface\n", "is no surface of a Flux release"),
        (lambda text: text.replace("  entries: ", "  entries: 1", 1), "'counts' of 'x.yaml' does not follow"),
        (lambda text: text.replace("verdict: inconclusive", "verdict: conformant"), "'verdict' of 'x.yaml'"),
        (lambda text: text + "version: 9\n", "a second time"),
        (lambda text: text.replace("id: field", "id: unheard-of", 1), "is no surface of a Flux release"),
    ],
)
def test_a_surface_that_contradicts_itself_is_refused(edit: Callable[[str], str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        surface_from_yaml(edit(to_yaml(surface_document(surface()))), "x.yaml")


def test_a_rule_that_goes_is_named() -> None:
    gone = {"Lamp:spec.a": "", "Lamp:spec!has(self.a)": ""}
    before = replace(surface(), leaves={**surface().leaves, **gone})
    assert compare(before, surface()).removed_rules == ("Lamp:spec!has(self.a)",)


def test_a_difference_that_is_not_whole_is_inconclusive() -> None:
    mapped = replace(surface(), entries=(), flags_from={"a": "manifest"})
    diff = compare(mapped, replace(mapped, version="1.2.4"))
    assert (diff.unmapped, len(diff.incomparable), diff.exit_code) == ((), 1, 10)
    data = yaml.safe_load(to_yaml(diff_document(diff)))
    assert (data["verdict"], data["exitCode"]) == ("inconclusive", 10)
    assert "**inconclusive** (0 entries of 1.2.4 are mapped to nothing; 1 not compared)" in diff_markdown(diff)


def test_yaml_says_what_the_difference_says() -> None:
    diff = compare(surface(), later((CRD, "Mains]", "Sun]"), (CRD, '"^[0-9]+s$"', '"^.*$"')))
    data = yaml.safe_load(to_yaml(diff_document(diff)))
    assert (data["kind"], data["from"], data["to"]) == ("FluxSurfaceDiff", "1.2.3", "1.2.4")
    assert [entry["id"] for entry in data["new"]] == ["field Lamp:spec.sourceRef.kind=Sun"]
    assert [entry["id"] for entry in data["removed"]] == ["field Lamp:spec.sourceRef.kind=Mains"]
    assert data["changed"][0]["after"]["pattern"] == "^.*$"


def test_the_page_lists_every_entry_and_says_who_looks_at_it() -> None:
    found = surface(**EVERYTHING)
    page = markdown(found)
    assert "| `Lamp:spec.interval` | availability | A01 |" in page
    assert f"| `Lamp:spec.dependsOn[].name` | namespace | waived: {EXCUSE['reason']} |" in page
    assert "| `Lamp:spec.sourceRef.kind`: `Battery`, `Mains` | namespace | **nobody** |" in page
    assert f"| 2 | {EXCUSE['reason']} | us | 2026-11-21 |" in page
    assert "- `object ConfigMap/surprise` (unclassified), from rbac.yaml" in page
    for entry in found.entries:
        name = entry.id.partition(" ")[2].partition("=")[0]
        assert f"`{name}`" in page, entry.id


def test_the_page_says_that_a_waiver_is_over() -> None:
    page = markdown(surface(**EVERYTHING, today=TODAY + timedelta(days=1)))
    assert "its waiver ended on 2026-11-21" in page
    assert "## Waivers" not in page


def test_the_page_of_a_difference_shows_what_differs() -> None:
    diff = compare(surface(), later((CRD, "Mains]", "Sun]"), (CRD, '"^[0-9]+s$"', '"^a|b$"')))
    page = diff_markdown(diff)
    assert "# Surface of Flux 1.2.4, compared with 1.2.3" in page
    assert r"| `field Lamp:spec.interval` | pattern `^[0-9]+s$` | pattern `^a\|b$` |" in page
    assert "- `Lamp:spec.sourceRef.kind=Sun` (namespace)" in page
    assert "Verdict of the surface: **inconclusive**" in page


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> dict[str, Surface]:
    known: dict[str, Surface] = {"1.2.3": surface(**EVERYTHING), "1.2.4": later((CRD, "Mains]", "Sun]"))}

    def read(version: str, *, tell: Callable[[str], None]) -> Surface:
        if version not in known:
            raise InputError(f"the data have no Flux release '{version}'")
        return known[version]

    monkeypatch.setattr(surface_cli, "surface_of", read)
    return known


def call(*words: str) -> Any:
    return CliRunner().invoke(cli.app, ["surface", *words])


def test_the_command_prints_every_entry_and_ends_with_the_verdict(releases: dict[str, Surface]) -> None:
    result = call("1.2.3")
    assert result.exit_code == 10, result.output
    lines = result.output.splitlines()
    for entry in releases["1.2.3"].entries:
        assert any(line.split("  ")[0].strip() == entry.id or f" {entry.id} " in line for line in lines), entry.id
    new = len(releases["1.2.3"].unmapped)
    assert f"verdict       inconclusive: {new} entries of 1.2.3 mapped to nothing; reservations: 1" in lines


def test_the_command_ends_with_0_when_all_is_mapped(releases: dict[str, Surface]) -> None:
    found = releases["1.2.3"]
    mapped = tuple(entry for entry in found.entries if entry.mapped)
    kept = {"leaves": found.leaves, "components": {}, "flags_from": {}, "sources": ()}
    releases["9.9.9"] = Surface(version="9.9.9", entries=mapped, **kept)
    result = call("9.9.9")
    assert (result.exit_code, "conformant: 0 entries" in result.output) == (0, True)


@pytest.mark.parametrize("form", ["table", "yaml", "markdown"])
def test_the_command_compares_in_every_form(releases: dict[str, Surface], form: str) -> None:
    result = call("diff", "1.2.3", "1.2.4", "--format", form)
    assert result.exit_code == 10, result.output
    assert "spec.sourceRef.kind" in result.output
    assert "Sun" in result.output


@pytest.mark.parametrize("words", [("diff",), ("diff", "1.2.3"), ("1.2.3", "1.2.4"), ("diff", "1.2.3", "1.2.4", "1")])
def test_words_that_mean_nothing_are_refused(releases: dict[str, Surface], words: tuple[str, ...]) -> None:
    result = call(*words)
    assert isinstance(result.exception, InputError)
    assert "surface diff FROM TO" in result.exception.hint


def test_a_breakdown_passes_through_for_the_console_script_to_explain(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(version: str, *, tell: Callable[[str], None]) -> Surface:
        raise ToolchainError("cannot be fetched")

    monkeypatch.setattr(surface_cli, "surface_of", broken)
    assert isinstance(call("1.2.3").exception, ToolchainError)
