"""What is read from the YAML beside a check."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import InputError
from conformance.kube.objects import Ref
from conformance.manifests import SUBSTITUTIONS, Planned, check_substitutions, load, tenants_of

VALUES = {
    "git_url": "http://git/example",
    "oci_url": "oci://oci/example",
    "flux_namespace": "flux-system",
    "release_timeout": "90s",
}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: shared-a"


def scenario(folder: Path, text: str) -> Path:
    path = folder / "x01_example.yaml"
    path.write_text(text)
    return path


def planned(namespace: str, *, kind: str = "ConfigMap", name: str = "x", use: str = "plant") -> Planned:
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    return Planned(manifest, use, as_platform=False, twin="")


def test_the_substitutions_are_filled_in(tmp_path: Path) -> None:
    data = "{g: ${git_url}/a, o: $oci_url, f: '${flux_namespace}', t: $release_timeout}"
    [one] = load(scenario(tmp_path, f"{CONFIG_MAP}}}\ndata: {data}\n"), VALUES)
    assert one.manifest["data"] == {
        "g": "http://git/example/a",
        "o": "oci://oci/example",
        "f": "flux-system",
        "t": "90s",
    }


def test_a_doubled_dollar_is_a_dollar(tmp_path: Path) -> None:
    [one] = load(scenario(tmp_path, CONFIG_MAP + "}\ndata: {v: '$${name}', price: 5 $$}\n"), VALUES)
    assert one.manifest["data"] == {"v": "${name}", "price": "5 $"}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        pytest.param("url: ${git_uri}/x", "git_uri", id="braced"),
        pytest.param("url: $git_uri", "git_uri", id="bare"),
        pytest.param("url: ${GIT_URL}", "GIT_URL", id="in capitals"),
        pytest.param("cost: 5 $ each", "$", id="a lone dollar"),
        pytest.param("url: ${git_url}/${name}", "name", id="the second of a line"),
        pytest.param("# ${comment}", "comment", id="in a comment"),
    ],
)
def test_an_unknown_substitution_is_refused_with_file_and_line(tmp_path: Path, line: str, named: str) -> None:
    path = scenario(tmp_path, f"# first\n---\n{line}\n")
    with pytest.raises(InputError) as refused:
        check_substitutions(path)
    assert refused.value.what == f"{path}:3: unknown substitution '{named}'"
    assert all(f"${{{known}}}" in refused.value.hint for known in SUBSTITUTIONS)
    with pytest.raises(InputError, match="unknown substitution"):
        load(path, VALUES)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="$", exclude_categories=["Cs"])))
def test_a_text_without_dollars_is_never_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    check_substitutions(scenario(tmp_path_factory.mktemp("texts"), text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.yaml: cannot be read: No such file"):
        load(tmp_path / "gone.yaml", VALUES)


def test_yaml_that_does_not_parse_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)x01_example\.yaml: is not YAML: .*line 2"):
        load(scenario(tmp_path, "a: [1\nb: 2\n"), VALUES)


def test_documents_keep_the_order_of_the_file_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    one = "apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\n"
    text = "# only a comment\n---\n" + one % "b" + "---\n---\n" + one % "a"
    assert [p.ref for p in load(scenario(tmp_path, text), VALUES)] == [Ref("v1", "Secret", n) for n in ("b", "a")]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("kind: ConfigMap\nmetadata: {name: x}", id="no apiVersion"),
        pytest.param("apiVersion: v1\nmetadata: {name: x}", id="no kind"),
        pytest.param("apiVersion: v1\nkind: ConfigMap", id="no metadata"),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: x}", id="no name"),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata:", id="empty metadata"),
        pytest.param("- a list", id="a list"),
        pytest.param("a text", id="a text"),
    ],
)
def test_a_document_that_is_no_object_is_refused(tmp_path: Path, document: str) -> None:
    with pytest.raises(InputError, match=r"every document needs apiVersion, kind and metadata\.name"):
        load(scenario(tmp_path, document), VALUES)


def test_without_annotations_an_object_is_planted_by_whom_its_namespace_says(tmp_path: Path) -> None:
    [one] = load(scenario(tmp_path, CONFIG_MAP + "}\n"), VALUES)
    assert (one.use, one.as_platform, one.twin) == ("plant", False, "")
    assert one.ref == Ref("v1", "ConfigMap", "x", "shared-a")


def test_our_annotations_are_read_and_taken_off(tmp_path: Path) -> None:
    ours = "conformance.fluxtenancy.dev/use: attempt, conformance.fluxtenancy.dev/as: platform"
    text = CONFIG_MAP + f", annotations: {{{ours}, conformance.fluxtenancy.dev/twin: Secret/y}}}}\n"
    [one] = load(scenario(tmp_path, text), VALUES)
    assert (one.use, one.as_platform, one.twin) == ("attempt", True, "Secret/y")
    assert "annotations" not in one.manifest["metadata"]


def test_other_annotations_are_kept(tmp_path: Path) -> None:
    ours = "conformance.fluxtenancy.dev/use: wanted"
    [one] = load(scenario(tmp_path, CONFIG_MAP + f", annotations: {{{ours}, example.com/kept: 'yes'}}}}\n"), VALUES)
    assert (one.use, one.manifest["metadata"]["annotations"]) == ("wanted", {"example.com/kept": "yes"})


@pytest.mark.parametrize("annotation", ["use: planted", "as: tenant", "level: core", "Use: attempt"])
def test_an_unknown_annotation_or_value_is_refused(tmp_path: Path, annotation: str) -> None:
    text = CONFIG_MAP + f", annotations: {{conformance.fluxtenancy.dev/{annotation}}}}}\n"
    with pytest.raises(InputError, match=r"x01_example\.yaml: ConfigMap/x: unknown annotation or value"):
        load(scenario(tmp_path, text), VALUES)


def test_the_text_is_filled_in_before_it_is_parsed_so_values_cannot_break_out_of_quotes(tmp_path: Path) -> None:
    path = scenario(
        tmp_path, yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "${git_url}"}})
    )
    assert load(path, VALUES)[0].ref.name == "http://git/example"


@pytest.mark.parametrize(
    ("namespace", "tenants"),
    [
        pytest.param("shared-a", ["shared-a"], id="shared"),
        pytest.param("d05-a", ["d05-a"], id="of one check"),
        pytest.param("j02-plain-2", ["j02-plain-2"], id="with a number"),
        pytest.param("flux-system", [], id="of the platform"),
        pytest.param("apps", [], id="of a tenant of the fleet"),
        pytest.param("k01-a", [], id="no area of the catalogue"),
        pytest.param("my-shared-a", [], id="shared in the middle"),
        pytest.param("", [], id="none"),
    ],
)
def test_the_tenants_of_a_scenario_are_its_namespaces_by_their_names(namespace: str, tenants: list[str]) -> None:
    assert tenants_of([planned(namespace)]) == tenants


def test_tenants_are_named_once_and_sorted() -> None:
    assert tenants_of([planned("shared-b"), planned("shared-a"), planned("shared-b", name="y")]) == [
        "shared-a",
        "shared-b",
    ]


def test_a_namespace_that_the_scenario_declares_is_no_tenant() -> None:
    assert tenants_of([planned("", kind="Namespace", name="j02-plain"), planned("j02-plain")]) == []


@pytest.mark.parametrize("use", ["attempt", "wanted"])
def test_a_namespace_that_is_not_planted_declares_nothing(use: str) -> None:
    declared = planned("", kind="Namespace", name="c21-a", use=use)
    assert tenants_of([declared, planned("c21-a")]) == ["c21-a"]


def test_objects_that_are_only_compared_name_tenants_too() -> None:
    assert tenants_of([planned("shared-b", use="wanted")]) == ["shared-b"]
