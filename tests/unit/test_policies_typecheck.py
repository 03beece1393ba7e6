"""B33 has copies of policies type-checked: what the checker of Kubernetes passes over is said, and not judged."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from conformance.checks.policies import test_b33_policies_typecheck as b33
from conformance.errors import Breakdown, Finding
from conformance.repos.fleet_config import load_profile
from conformance.scenario import Scenario
from conformance.settings import data_dir

judge = b33.test_b33_policies_typecheck
FLEET = data_dir("fleet-repo")
KINDS = {
    "source": ["gitrepositories", "helmrepositories", "ocirepositories", "helmcharts", "buckets", "externalartifacts"],
    "image": ["imagerepositories", "imagepolicies", "imageupdateautomations"],
    "kustomize": ["kustomizations"],
    "helm": ["helmreleases"],
    "notification": ["providers", "receivers", "alerts"],
}
KUBECONFIG = {"expression": "!has(object.spec.kubeConfig)"}


def definitions() -> list[dict[str, Any]]:
    def one(group: str, plural: str) -> dict[str, Any]:
        versions = [{"name": "v1", "served": True}, {"name": "v1beta1", "served": False}]
        return {"spec": {"group": group, "names": {"plural": plural}, "versions": versions}}

    return [one(f"{part}.toolkit.fluxcd.io", plural) for part, plurals in KINDS.items() for plural in plurals]


def rule(groups: list[str], resources: list[str], versions: str = "*") -> dict[str, Any]:
    return {"apiGroups": groups, "apiVersions": [versions], "operations": ["CREATE"], "resources": resources}


def policy(*rules: dict[str, Any], name: str = "flux-tenant-kubeconfig", **spec: Any) -> dict[str, Any]:
    said = {"validations": [KUBECONFIG], "matchConstraints": {"resourceRules": list(rules)}, **spec}
    return {"apiVersion": b33.ADMISSION, "kind": b33.POLICY, "metadata": {"name": name}, "spec": said}


def judged(monkeypatch: pytest.MonkeyPatch, *policies: dict[str, Any], warned: str = "") -> dict[str, Any]:
    """Judge these policies, the second of the check's own and `warned` being warned of; return what was not seen."""
    client = SimpleNamespace(
        objects=lambda _, kind: list(policies) if kind == b33.POLICY else definitions(),
        apply=lambda _: None,
        delete_if_exists=lambda _: None,
    )

    def until(_client: Any, ref: Any, *_: Any, **__: Any) -> tuple[dict[str, Any], bool]:
        wrong = [{"fieldRef": "x", "warning": "undefined field"}]
        found = wrong if ref.name in ("b33-misspelt", f"b33-copy-{warned}") else []
        return {"status": {"typeChecking": {"expressionWarnings": found}}}, True

    class Scenarios(dict[str, Any]):
        def __missing__(self, label: str) -> Any:
            return SimpleNamespace(ref=SimpleNamespace(name=label.partition("/")[2]))

    recorded: dict[str, Any] = {}
    one: Any = Scenarios()
    one.platform = SimpleNamespace(
        client=client,
        timeouts=SimpleNamespace(reconciled=1),
        fleet=SimpleNamespace(profile=load_profile(FLEET)[0]),
    )
    one.evidence = SimpleNamespace(record=lambda _kind, name, content: recorded.update({name: content}))
    monkeypatch.setattr(b33, "object_until", until)
    judge(scenario=cast("Scenario", one))
    return cast("dict[str, Any]", recorded["not type-checked"])


def test_the_reference_fleets_policies_are_judged_and_what_was_not_seen_of_them_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = sorted((FLEET / "policies").rglob("*.yaml"))
    found = [one for path in files for one in yaml.safe_load_all(path.read_text()) if one and one["kind"] == b33.POLICY]
    assert len(found) == 11
    unseen = judged(monkeypatch, *found)
    kinds = {name: said["kinds"] for name, said in unseen.items() if said["kinds"]}
    assert kinds.keys() == {"guard-sources", "guard-status", "flux-tenant-param-anchor"}
    assert kinds["guard-sources"] == ["artifactgenerators of source.extensions.fluxcd.io"]  # not installed here
    assert "*/status of kustomize.toolkit.fluxcd.io" in kinds["guard-status"]
    assert unseen["flux-tenant-kubeconfig"]["matchConditions"] == ["not-a-deletion"]
    assert len(unseen["flux-tenant-sources"]["below dyn()"]) == 1


FLUX = "kustomize.toolkit.fluxcd.io"


@pytest.mark.parametrize(
    "blind",
    [
        pytest.param(rule(["*"], ["kustomizations"]), id="every group"),
        pytest.param(rule([FLUX], ["*"]), id="every kind"),
        pytest.param(rule([FLUX], ["*/status", "kustomizations/status"]), id="a subresource"),
        pytest.param(rule([FLUX], ["kustomisations"]), id="no such kind"),
        pytest.param(rule(["kustomise.toolkit.fluxcd.io"], ["kustomizations"]), id="no such group"),
        pytest.param(rule([FLUX], ["kustomizations"], "v1beta1"), id="a version that is not served"),
    ],
)
def test_a_policy_of_which_no_kind_is_type_checked_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, blind: dict[str, Any]
) -> None:
    with pytest.raises(Breakdown, match="no kind of flux-tenant-kubeconfig could be type-checked"):
        judged(monkeypatch, policy(blind))
    assert judged(monkeypatch, policy(blind, rule([FLUX], ["kustomizations"])))
    assert judged(monkeypatch, policy(blind, validations=[{"expression": "request.name != 'x'"}]))
    assert judged(monkeypatch, policy(blind, name="somebody-elses"))


def test_a_misspelt_field_is_found_before_another_policy_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = policy(rule([FLUX], ["*"])), policy(rule([FLUX], ["kustomizations"]), name="guard-flux")
    with pytest.raises(Finding, match="policies name what does not exist"):
        judged(monkeypatch, *policies, warned="guard-flux")


def test_a_rule_behind_ten_kinds_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [f"{part}.toolkit.fluxcd.io" for part in KINDS]
    many = rule(groups, [plural for plurals in KINDS.values() for plural in plurals], "v1")
    found = judged(monkeypatch, policy(many, rule([""], ["secrets"])))["flux-tenant-kubeconfig"]["kinds"]
    assert "secrets of core" in found
    few = rule(["source.toolkit.fluxcd.io"], KINDS["source"])
    assert judged(monkeypatch, policy(few, rule([""], ["secrets"])))["flux-tenant-kubeconfig"]["kinds"] == []
