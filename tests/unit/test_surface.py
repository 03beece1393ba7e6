"""The surface of a release: every field, flag, right and object of it is counted, and what nobody knows shows."""

from pathlib import Path

import pytest
from support.surfaces import named, surface, texts

from conformance.errors import ToolchainError
from conformance.model import BinaryOrigin, Verdict
from conformance.surface import Class, Kind
from conformance.toolchain import CachedTool

FIELDS = {
    "Lamp:spec.dependsOn[].name",
    "Lamp:spec.dependsOn[].namespace",
    "Lamp:spec.sourceRef.kind",
    "Lamp:spec.sourceRef.kind=Battery",
    "Lamp:spec.sourceRef.kind=Mains",
    "Lamp:spec.values",
    "Lamp:spec.interval",
    "Lamp:spec.commonMetadata.labels{}",
    "Lamp:spec.older",
    "Lamp:status",
}


def names(kind: Kind) -> set[str]:
    return {entry.id.partition(" ")[2] for entry in surface().entries if entry.kind is kind}


def test_every_field_of_a_served_version_that_touches_isolation_is_an_entry() -> None:
    assert names(Kind.FIELD) == FIELDS


def test_a_field_says_what_it_admits_in_which_versions_and_where_it_was_read() -> None:
    entry = named(surface(), "field Lamp:spec.interval")
    assert entry.detail == {"versions": "v1, v1beta1", "type": "string", "pattern": "^[0-9]+s$"}
    assert (entry.classes, entry.origin) == ((Class.AVAILABILITY,), "lamp-controller.yaml")


def test_a_field_that_no_rule_knows_is_an_entry_that_says_so() -> None:
    assert named(surface(), "field Lamp:spec.older").classes == (Class.UNCLASSIFIED,)


def test_all_leaves_are_counted_with_their_values_and_the_rules_between_them() -> None:
    leaves = surface().leaves
    assert leaves["Lamp:spec.wait"] == "only a matter of time"
    assert leaves["Lamp:status.url"] == "reported by the controllers"
    assert leaves["Lamp:spec!!has(self.wait) || self.wait"] == "a rule between fields"
    assert leaves["Lamp:spec.sourceRef.kind=Mains"] == "namespace"
    assert len(leaves) == len(FIELDS) - 1 + 3  # Lamp:status stands for the leaves below it


def test_flags_come_from_the_arguments_where_the_binary_is_not_at_hand_and_that_is_said() -> None:
    found = surface()
    assert names(Kind.FLAG) == {"lamp-controller --watch-all-namespaces", "lamp-controller --storage-path"}
    assert named(found, "flag lamp-controller --storage-path").origin == "arguments in lamp-controller.yaml"
    assert found.flags_from == {"lamp-controller": "manifest"}
    assert len(found.reservations) == 1
    assert "lamp-controller v1.2.3: only those in the arguments" in found.reservations[0]


def binary(folder: Path, text: str, version: str = "v1.2.3", tool: str = "lamp-controller") -> CachedTool:
    path = folder / tool
    path.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{text}\nEND\n")
    path.chmod(0o755)
    known = {"module": "m", "go_version": "go1", "go_sum_sha256": "", "source": "cache"}
    return CachedTool(path, BinaryOrigin(tool=tool, version=version, binary_sha256="abc", **known), 1)


HELP = """Usage of lamp-controller:
      --log-level string   Words of its log. (default "info")
      --dim                Shine less.
  -p, --storage-path string   Where it keeps them. (default "/data")"""


def test_flags_come_from_the_help_of_exactly_the_release_s_binary(tmp_path: Path) -> None:
    found = surface(tools=[binary(tmp_path, HELP)])
    flags = {entry.id: entry for entry in found.entries if entry.kind is Kind.FLAG}
    # --watch-all-namespaces stands in the Deployment only: what is set is never left out.
    assert {name.partition("--")[2] for name in flags} == {"dim", "storage-path", "watch-all-namespaces"}
    assert flags["flag lamp-controller --dim"].classes == (Class.UNCLASSIFIED,)
    assert flags["flag lamp-controller --storage-path"].detail == {
        "controller": "lamp-controller",
        "type": "string",
        "default": '"/data"',
        "set": "/data",
    }
    assert flags["flag lamp-controller --dim"].origin == "--help of lamp-controller v1.2.3"
    assert (found.flags_from, found.reservations) == ({"lamp-controller": "help"}, ())
    assert found.binaries == {"lamp-controller": "abc"}


@pytest.mark.parametrize("line", ["      --odd map[string]bool   Words.", "      --odd", "      --odd <a|b>"])
def test_a_flag_of_whatever_form_is_not_left_out(tmp_path: Path, line: str) -> None:
    found = surface(tools=[binary(tmp_path, f"Usage:\n{line}")])
    assert "flag lamp-controller --odd" in {entry.id for entry in found.entries}


def test_a_binary_of_another_version_and_a_faulty_build_are_not_asked(tmp_path: Path) -> None:
    other = binary(tmp_path, HELP, version="v1.2.4")
    faulty = binary(tmp_path, HELP, version="v1.2.3+unguarded", tool="lamp-controller+unguarded")
    assert surface(tools=[other, faulty]).flags_from == {"lamp-controller": "manifest"}


def test_a_help_without_flags_is_a_breakdown_and_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="lists no flags"):
        surface(tools=[binary(tmp_path, "It shines.")])


def test_a_binary_that_does_not_start_is_a_breakdown(tmp_path: Path) -> None:
    broken = binary(tmp_path, HELP)
    broken.binary.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(ToolchainError, match="does not print its help"):
        surface(tools=[broken])


def test_rules_of_one_role_on_one_resource_are_one_entry_with_all_verbs() -> None:
    assert {name for name in names(Kind.RULE) if name.startswith("lamp-controller")} == {
        "lamp-controller core/secrets [get,list,watch]",
        "lamp-controller core/secrets named one [delete]",
        "lamp-controller /healthz [get]",
    }


def test_a_role_that_gathers_others_is_an_entry() -> None:
    given = texts()
    gathers = 'metadata: {name: lamp-controller}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: "b"}}]}'
    given["rbac.yaml"] = given["rbac.yaml"].replace("metadata: {name: lamp-controller}", gathers, 1)
    assert named(surface(given), 'rule lamp-controller aggregates {"matchLabels": {"a": "b"}}')


def test_what_view_gains_edit_and_admin_gain_too() -> None:
    assert names(Kind.GRANT) == {
        "view lights.example.com/* [get]",
        "edit lights.example.com/* [get,patch]",
        "admin lights.example.com/* [get,patch]",
    }
    assert named(surface(), "grant edit lights.example.com/* [get,patch]").detail == {"through": "lamp-edit, lamp-view"}


def test_each_subject_of_a_binding_is_an_entry() -> None:
    assert names(Kind.BINDING) == {
        "lamp-controller ClusterRole/lamp-controller to ServiceAccount lights/lamp-controller",
        "lamp-controller ClusterRole/lamp-controller to Group everybody",
    }


def test_every_other_object_is_an_entry_and_a_kind_that_no_rule_knows_shows() -> None:
    assert names(Kind.OBJECT) == {
        "CustomResourceDefinition/lamps.lights.example.com",
        "Deployment/lamp-controller",
        "ConfigMap/surprise",
    }
    assert named(surface(), "object ConfigMap/surprise").classes == (Class.UNCLASSIFIED,)
    crd = named(surface(), "object CustomResourceDefinition/lamps.lights.example.com")
    assert crd.detail == {"scope": "Namespaced", "served": "v1, v1beta1"}


def test_a_deployment_is_the_same_whatever_its_version_and_arguments() -> None:
    given = texts()
    given["lamp-controller.yaml"] = given["lamp-controller.yaml"].replace("v1.2.3", "v9").replace("=info", "=debug")
    entry = "object Deployment/lamp-controller"
    assert named(surface(given), entry).detail == named(surface(), entry).detail


def test_a_surface_of_which_nothing_is_mapped_is_inconclusive() -> None:
    found = surface()
    assert found.unmapped == found.entries
    assert (found.verdict, found.exit_code) == (Verdict.INCONCLUSIVE, 10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: CustomResourceDefinition\nspec: {}\n", "unknown form"),
        ("kind: [\n", "unknown form"),
        ("just words\n", "unknown form"),
    ],
)
def test_a_manifest_of_unknown_form_is_a_breakdown(text: str, said: str) -> None:
    with pytest.raises(ToolchainError, match=said):
        surface({"odd.yaml": text})


def test_two_definitions_of_one_field_are_a_breakdown() -> None:
    text = texts()["lamp-controller.yaml"]
    with pytest.raises(ToolchainError, match="two CustomResourceDefinitions define Lamp:"):
        surface({"one.yaml": text, "two.yaml": text})
