"""The surface of a release: every field, flag, right and object of it is counted, and what nobody knows shows."""

from pathlib import Path

import pytest
from support.surfaces import named, surface, texts

from conformance.errors import ToolchainError
from conformance.model import BinaryOrigin, Verdict
from conformance.surface import Class, Kind, compare
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
    assert {name for name in names(Kind.RULE) if name.startswith("ClusterRole/lamp-controller ")} == {
        "ClusterRole/lamp-controller core/secrets [get,list,watch]",
        "ClusterRole/lamp-controller core/secrets named one [delete]",
        "ClusterRole/lamp-controller /healthz [get]",
    }


def test_a_role_that_gathers_others_is_an_entry() -> None:
    given = texts()
    gathers = 'metadata: {name: lamp-controller}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: "b"}}]}'
    given["rbac.yaml"] = given["rbac.yaml"].replace("metadata: {name: lamp-controller}", gathers, 1)
    assert named(surface(given), 'rule ClusterRole/lamp-controller aggregates {"matchLabels": {"a": "b"}}')


def test_what_view_gains_edit_and_admin_gain_too() -> None:
    assert names(Kind.GRANT) == {
        "view lights.example.com/* [get]",
        "edit lights.example.com/* [get,patch]",
        "admin lights.example.com/* [get,patch]",
    }
    assert named(surface(), "grant edit lights.example.com/* [get,patch]").detail == {"through": "lamp-edit, lamp-view"}


def test_each_subject_of_a_binding_is_an_entry() -> None:
    assert names(Kind.BINDING) == {
        "ClusterRoleBinding/lamp-controller ClusterRole/lamp-controller to ServiceAccount lights/lamp-controller",
        "ClusterRoleBinding/lamp-controller ClusterRole/lamp-controller to Group everybody",
    }


LOCAL = """
kind: {kind}
metadata: {{name: dimmer, namespace: lights}}
rules: [{{apiGroups: [""], resources: [secrets], verbs: [get]}}]
roleRef: {{kind: ClusterRole, name: lamp-view}}
subjects: [{{kind: Group, name: everybody}}]
"""


def test_what_holds_in_one_namespace_only_says_in_which() -> None:
    local = {"role.yaml": LOCAL.format(kind="Role"), "binding.yaml": LOCAL.format(kind="RoleBinding")}
    found = {entry.id for entry in surface(texts() | local).entries}
    assert "rule Role/lights/dimmer core/secrets [get]" in found
    assert "binding RoleBinding/lights/dimmer ClusterRole/lamp-view to Group everybody" in found
    service = texts() | {"more.yaml": "kind: ConfigMap\nmetadata: {name: surprise, namespace: lights}\n"}
    assert {"object ConfigMap/surprise", "object ConfigMap/lights/surprise"} <= {e.id for e in surface(service).entries}


@pytest.mark.parametrize(("kind", "sort"), [("RoleBinding", Kind.BINDING), ("Role", Kind.RULE)])
def test_a_right_that_was_widened_to_the_cluster_is_new(kind: str, sort: Kind) -> None:
    local = LOCAL.format(kind=kind)
    wide = local.replace(f"kind: {kind}", f"kind: Cluster{kind}").replace(", namespace: lights", "")
    before, after = (surface(texts() | {"more.yaml": text}) for text in (local, wide))
    diff = compare(before, after)
    assert [entry.kind for entry in diff.new] == [entry.kind for entry in diff.removed] == [sort]
    assert diff.new[0].id.startswith(f"{sort} Cluster{kind}/dimmer ")
    assert diff.new[0] in diff.unmapped


@pytest.mark.parametrize("kind", ["Role", "RoleBinding", "ConfigMap", "Deployment"])
def test_two_things_of_one_name_are_a_breakdown(kind: str) -> None:
    text = f"{LOCAL.format(kind=kind)}spec: {{template: {{spec: {{containers: [{{image: 'a:v1'}}]}}}}}}"
    assert surface({"one.yaml": text}).entries
    with pytest.raises(ToolchainError, match=r"define twice: .*dimmer"):
        surface({"one.yaml": text, "two.yaml": text})


def test_two_controllers_of_one_name_are_a_breakdown_whatever_their_namespaces() -> None:
    text = "kind: Deployment\nmetadata: {name: dimmer}\nspec: {template: {spec: {containers: [{image: 'a:v1'}]}}}"
    with pytest.raises(ToolchainError, match="define twice: Deployment dimmer"):
        surface({"one.yaml": text, "two.yaml": text.replace("dimmer}", "dimmer, namespace: lights}")})


ROOT = "          type: object\n          properties:\n            apiVersion: {type: string}\n"


def test_what_a_kind_has_beside_spec_and_status_is_counted() -> None:
    given = texts()
    more = "            kind: {type: string}\n            metadata: {type: object}\n            data: {type: string}\n"
    more += "            statusBoard: {type: string}\n"
    ruled = '          x-kubernetes-validations: [{rule: "self.spec.wait"}]\n'
    given["lamp-controller.yaml"] = given["lamp-controller.yaml"].replace(ROOT, f"{ruled}{ROOT}{more}")
    found = surface(given)
    assert set(found.leaves) - set(surface().leaves) == {"Lamp:data", "Lamp:statusBoard", "Lamp:!self.spec.wait"}
    assert found.leaves["Lamp:!self.spec.wait"] == "a rule between fields"
    assert {named(found, f"field Lamp:{name}").classes for name in ("data", "statusBoard")} == {(Class.UNCLASSIFIED,)}


def test_what_a_kind_asks_of_its_metadata_is_counted() -> None:
    given = texts()
    short = "            metadata: {type: object, properties: {name: {type: string, maxLength: 9}}}\n"
    given["lamp-controller.yaml"] = given["lamp-controller.yaml"].replace(ROOT, f"{ROOT}{short}")
    assert named(surface(given), "field Lamp:metadata.name").detail["maxLength"] == "9"


def test_every_other_object_is_an_entry_and_a_kind_that_no_rule_knows_shows() -> None:
    assert names(Kind.OBJECT) == {
        "CustomResourceDefinition/lamps.lights.example.com",
        "Deployment/lamp-controller",
        "ConfigMap/surprise",
    }
    assert named(surface(), "object ConfigMap/surprise").classes == (Class.UNCLASSIFIED,)
    crd = named(surface(), "object CustomResourceDefinition/lamps.lights.example.com")
    assert crd.detail == {"scope": "Namespaced", "served": "v1, v1beta1", "subresources": "none"}


def test_a_definition_that_is_served_otherwise_is_a_change() -> None:
    given, entry = texts(), "object CustomResourceDefinition/lamps.lights.example.com"
    given["lamp-controller.yaml"] = (
        given["lamp-controller.yaml"]
        .replace("    - name: v1\n", "    - name: v1\n      subresources: {status: {}, scale: {}}\n")
        .replace("  scope: Namespaced\n", "  scope: Namespaced\n  conversion: {strategy: Webhook, webhook: {}}\n")
    )
    (changed,) = compare(surface(), surface(given)).changed
    assert changed.after.id == entry
    assert changed.after.detail["subresources"] == "v1/scale, v1/status"
    assert changed.after.detail["conversion"] == '{"strategy": "Webhook", "webhook": {}}'
    given["lamp-controller.yaml"] = given["lamp-controller.yaml"].replace(
        "{strategy: Webhook, webhook: {}}", "{strategy: None}"
    )
    assert "conversion" not in named(surface(given), entry).detail


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
    with pytest.raises(ToolchainError, match="define twice: Lamp:"):
        surface({"one.yaml": text, "two.yaml": text})
