"""Classes of the surface: the reviewed rules, one case for each class, and that they close where they know nothing."""

import copy

import pytest
import yaml
from support.surfaces import CLASSES

from conformance.errors import InputError
from conformance.surface import Class
from conformance.surface.classes import FILE, REPORTED, RULED, Classes, classes
from conformance.surface.crds import Leaf
from conformance.surface.patterns import alternatives, compiled


def leaf(path: str, description: str = "", kind: str = "Kustomization") -> Leaf:
    return Leaf(id=f"{kind}:{path}", path=path, description=description, detail={})


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("spec.sourceRef.namespace", Class.NAMESPACE),
        ("spec.targetNamespace", Class.NAMESPACE),
        ("spec.serviceAccountName", Class.IDENTITY),
        ("spec.decryption.serviceAccountName", Class.IDENTITY),
        ("spec.secretRef.name", Class.SECRET),
        ("spec.sts.certSecretRef.name", Class.SECRET),
        ("spec.url", Class.URL),
        ("spec.oidcProviders[].issuerURL", Class.URL),
        ("spec.path", Class.PATH),
        ("spec.valuesFiles[]", Class.PATH),
        ("spec.dependsOn[].readyExpr", Class.CODE),
        ("spec.patches[].patch", Class.CODE),
        ("spec.verify.provider", Class.TRUST),
        ("spec.install.strategy.retryInterval", Class.AVAILABILITY),
    ],
)
def test_a_field_has_the_class_of_what_it_names(path: str, wanted: Class) -> None:
    assert wanted in classes().of_field(leaf(path)).classes


@pytest.mark.parametrize(
    ("flag", "wanted"),
    [
        ("--no-cross-namespace-refs", Class.NAMESPACE),
        ("--default-service-account", Class.IDENTITY),
        ("--sops-age-secret", Class.SECRET),
        ("--no-remote-bases", Class.URL),
        ("--storage-path", Class.PATH),
        ("--feature-gates", Class.CODE),
        ("--override-manager", Class.TRUST),
        ("--metrics-addr", Class.NETWORK),
    ],
)
def test_a_flag_has_the_class_of_what_it_decides(flag: str, wanted: Class) -> None:
    assert wanted in classes().of_flag(flag).classes


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("CustomResourceDefinition", Class.RIGHTS), ("NetworkPolicy", Class.NETWORK), ("Webhook", Class.UNCLASSIFIED)],
)
def test_an_object_has_the_class_of_its_kind(kind: str, wanted: Class) -> None:
    assert classes().of_object(kind) is wanted


@pytest.mark.parametrize("path", ["spec.brandNew", "spec.wait.until", "spec.deep.down[].brandNew"])
def test_a_field_that_no_rule_knows_is_unclassified(path: str) -> None:
    assert classes().of_field(leaf(path)).classes == (Class.UNCLASSIFIED,)


def test_a_flag_that_no_rule_knows_is_unclassified() -> None:
    assert classes().of_flag("--no-cross-namespace").classes == (Class.UNCLASSIFIED,)


def test_a_reviewed_field_that_touches_nothing_has_a_reason() -> None:
    judged = classes().of_field(leaf("spec.wait", "Wait for everything to be ready."))
    assert not judged.classes
    assert "the same rights" in judged.text


@pytest.mark.parametrize("word", ["a Secret", "the service account", "another namespace", "a URL", "the host's file"])
def test_a_suspicious_description_is_stronger_than_a_rule_that_lets_the_field_go(word: str) -> None:
    judged = classes().of_field(leaf("spec.wait", f"Wait for {word}."))
    assert judged.classes == (Class.UNCLASSIFIED,)


def test_what_is_let_go_is_spelt_out_so_that_no_later_field_is_let_go_with_it() -> None:
    data = yaml.safe_load(FILE.read_text())["fields"]
    assert not [name for one in (*data["inert"], *data["exempt"]) for name in one["names"] if "*" in name]


@pytest.mark.parametrize("path", ["spec.target.name", "spec.remote[].target.kind", "spec.proxy.images[].name"])
def test_a_later_reference_that_is_named_like_a_reviewed_one_is_unclassified(path: str) -> None:
    assert classes().of_field(leaf(path)).classes == (Class.UNCLASSIFIED,)


def test_an_exempted_field_is_let_go_by_its_full_name_only() -> None:
    path = "spec.patches[].target.namespace"
    assert not classes().of_field(leaf(path)).classes
    assert classes().of_field(leaf(path, kind="Gadget")).classes == (Class.NAMESPACE,)


def test_status_and_rules_between_fields_are_said_to_be_such() -> None:
    assert classes().of_field(leaf("status.artifact.url")).text == REPORTED
    assert classes().of_field(leaf("spec.kubeConfig!has(self.secretRef)")).text == RULED


def test_every_class_of_fields_has_a_case_above() -> None:
    data = yaml.safe_load(FILE.read_text())
    cases = test_a_field_has_the_class_of_what_it_names.pytestmark[0].args[1]
    assert set(data["fields"]["classes"]) == {str(wanted) for _, wanted in cases}
    flags = test_a_flag_has_the_class_of_what_it_decides.pytestmark[0].args[1]
    assert set(data["flags"]["classes"]) == {str(wanted) for _, wanted in flags}


def test_a_rule_that_fits_nothing_is_found() -> None:
    known = Classes(CLASSES)
    leaves = [leaf("spec.dependsOn[].name", kind="Lamp"), leaf("spec.values", kind="Lamp")]
    unused = known.unused(leaves, ["--log-level"], ["Deployment"])
    assert "--storage-path" in unused
    assert "CustomResourceDefinition" in unused
    assert any("interval" in one for one in unused)
    assert not any("values" in one for one in unused)


def test_a_broken_file_is_refused() -> None:
    data = copy.deepcopy(CLASSES)
    data["fields"]["classes"]["colour"] = ["spec.red"]
    with pytest.raises(InputError, match=r"classes\.yaml is broken"):
        Classes(data)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("a", ("a",)),
        ("a{,=b,=c}", ("a", "a=b", "a=c")),
        ("{a,b}.{c,d}", ("a.c", "a.d", "b.c", "b.d")),
        ("values{}", ("values{}",)),
        ("{x,labels{}}.y", ("x.y", "labels{}.y")),
    ],
)
def test_alternatives_are_spelled_out(pattern: str, wanted: tuple[str, ...]) -> None:
    assert alternatives(pattern) == wanted


@pytest.mark.parametrize("pattern", ["a{b", "a}b", "{a,b", "{a}"])
def test_a_brace_without_its_partner_is_refused(pattern: str) -> None:
    with pytest.raises(InputError, match="brace"):
        alternatives(pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("spec.a", "spec.a", True),
        ("spec.a", "spec.ab", False),
        ("spec.*.b", "spec.a.b", True),
        ("spec.*.b", "spec.a.c.b", False),
        ("spec.**b", "spec.a.c.b", True),
        ("spec.a[].b", "spec.a[].b", True),
        ("spec.a", "specXa", False),
    ],
)
def test_wildcards_fit_whole_paths(pattern: str, path: str, *, fits: bool) -> None:
    assert bool(compiled(pattern).fullmatch(path)) is fits
