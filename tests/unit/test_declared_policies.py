"""B34 compares live policies with the fleet's files: what it takes for the same, and what for a hole."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.bootstrap import changes_guards, changes_policies
from conformance.bootstrap.platform import Platform
from conformance.checks.policies.test_b34_policies_bound import test_b34_policies_bound as judge
from conformance.errors import Finding
from conformance.kube.client import ApiError
from conformance.model import Environment, Manifest
from conformance.repos.declared import declared, departures
from conformance.repos.fleet_config import FleetProfile, load_profile
from conformance.repos.mapping import AddressMap
from conformance.scenario import Scenario
from conformance.settings import Timeouts, data_dir

FLEET = data_dir("fleet-repo")
SOURCES, POLICY = "flux-tenant-sources", "ValidatingAdmissionPolicy"
NOBODY = {"matchLabels": {"nobody": "true"}}
Live = list[dict[str, Any]]
Change = Callable[[dict[str, Any]], Any]


def files(root: Path = FLEET, folder: str = "policies/production") -> Live:
    found = declared(root, folder, AddressMap({}))
    assert found is not None
    return cast("Live", copy.deepcopy(list(found)))


def as_served(objects: Live) -> Live:
    """What the API server makes of them: with its defaults, and with empty selectors."""
    for one in objects:
        scope = one.get("spec", {}).get("matchConstraints") or one.get("spec", {}).get("matchResources")
        if scope is not None:
            scope.update({"matchPolicy": "Equivalent", "objectSelector": {}, "namespaceSelector": {}} | scope)
            for rule in scope.get("resourceRules", []):
                rule["scope"] = "*"
    return objects


def scenario(live: Live, root: Path = FLEET) -> Scenario:
    profile: FleetProfile = load_profile(root)[0]

    def objects(_version: str, kind: str) -> Live:
        return [one for one in live if one["kind"] == kind]

    def find(ref: Any) -> Manifest | None:
        return next((one for one in live if (one["kind"], one["metadata"]["name"]) == (ref.kind, ref.name)), None)

    there = SimpleNamespace(live=lambda: {"metadata": {"labels": {profile.tenant_label: "somebody"}}})
    platform = SimpleNamespace(
        fleet=SimpleNamespace(profile=profile),
        tenants={"dev-team": "apps"},
        client=SimpleNamespace(objects=objects, find=find),
    )
    return cast(
        "Scenario",
        SimpleNamespace(
            platform=platform,
            environment=Environment.PRODUCTION,
            evidence=SimpleNamespace(record=lambda *_: None),
            existing=lambda *_: there,
            declared_policies=lambda: declared(root, "policies/production", AddressMap({})),
        ),
    )


def changed(kind: str, name: str, change: Change) -> Live:
    live = as_served(files())
    change(next(one for one in live if (one["kind"], one["metadata"]["name"]) == (kind, name))["spec"])
    return live


def test_what_the_api_server_makes_of_the_files_is_no_finding() -> None:
    judge(scenario=scenario(as_served(files())))


RULES = "matchConstraints"


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        pytest.param("", lambda s: s.update(validations=[{"expression": "true"}]), "no validation", id="true"),
        pytest.param("", lambda s: s["validations"].append({"expression": "x"}), "validations is not", id="one more"),
        pytest.param("", lambda s: s["matchConditions"].append({}), "matchConditions is not", id="a condition more"),
        pytest.param("", lambda s: s.pop("matchConditions"), "matchConditions is not", id="a condition less"),
        pytest.param("", lambda s: s[RULES]["resourceRules"].pop(), "matchConstraints is not", id="a rule less"),
        pytest.param("", lambda s: s[RULES].update(objectSelector=NOBODY), "objectSelector", id="labelled objects"),
        pytest.param("", lambda s: s[RULES].update(excludeResourceRules=[{}]), "matchConstraints", id="left out"),
        pytest.param(
            "Binding", lambda s: s["matchResources"].update(objectSelector=NOBODY), "objectSelector", id="bound to some"
        ),
        pytest.param("Binding", lambda s: s.pop("matchResources"), "matchResources is not", id="bound everywhere"),
        pytest.param(
            "Binding", lambda s: s["paramRef"].update(parameterNotFoundAction="Allow"), "Action Allow", id="no list"
        ),
        pytest.param("Binding", lambda s: s["paramRef"].update(name="other"), "paramRef is not", id="another list"),
        pytest.param("Binding", lambda s: s.update(validationActions=["Audit"]), "none with Deny", id="audit"),
        pytest.param("Binding", lambda s: s.update(validationActions=["Deny"]), "validationActions is", id="silent"),
    ],
)
def test_a_policy_that_is_not_as_in_the_files_is_found(kind: str, change: Change, said: str) -> None:
    with pytest.raises(Finding, match="policies do not deny") as raised:
        judge(scenario=scenario(changed(f"{POLICY}{kind}", SOURCES, change)))
    assert said in raised.value.observed
    assert SOURCES in raised.value.observed


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        pytest.param("", changes_guards.platform_passes, id="M25-platform"),
        pytest.param("", changes_guards.judges_deletions, id="M24-deletion"),
        pytest.param("", changes_guards.image_without_scheme, id="M27-bare-image"),
        pytest.param("", changes_guards.list_of_its_own, id="M25-fixed-list"),
        pytest.param("Binding", changes_guards.known_tenants_only, id="M08-known"),
        pytest.param("Binding", changes_guards.denies_in_silence, id="M27-silent"),
    ],
)
def test_what_mutants_make_of_a_policy_is_found(kind: str, change: Any) -> None:
    profile = load_profile(FLEET)[0]
    tenant = {"metadata": {"labels": {profile.tenant_label: "x"}}}
    client = SimpleNamespace(
        get=lambda _: {"data": {profile.allowlist.key: "https://a/b/\n"}}, objects=lambda *_, **__: [tenant]
    )
    platform = SimpleNamespace(fleet=SimpleNamespace(profile=profile), flux_namespace="flux-system", client=client)
    with pytest.raises(Finding, match="policies do not deny"):
        judge(scenario=scenario(changed(f"{POLICY}{kind}", SOURCES, lambda spec: change(platform, spec))))


def test_the_mutant_of_labelled_objects_narrows_the_binding_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(changes_policies, "patched", lambda _p, _r, change, **_: seen.append({}) or change(seen[-1]))
    platform = cast("Platform", SimpleNamespace(fleet=SimpleNamespace(profile=load_profile(FLEET)[0])))
    changes_policies.bucket_binding_labelled(platform, ["shared-a"])
    changes_policies.bucket_binding_elsewhere(platform, ["shared-a"])
    assert [set(one["matchResources"]) for one in seen] == [{"objectSelector"}, {"namespaceSelector"}]


def other_fleet(tmp_path: Path, edit: Callable[[str], str]) -> Path:
    root = tmp_path / "fleet"
    shutil.copytree(FLEET, root)
    path = root / "policies" / "production" / "kustomization.yaml"
    path.write_text(edit(path.read_text()))
    return root


PATCHED = "patches:\n  - path: other.yaml\n"


@pytest.mark.parametrize("place", ["policies/production", "policies/base"])
def test_a_kustomization_that_changes_what_it_includes_leaves_nothing_to_compare_with(
    tmp_path: Path, place: str
) -> None:
    root = other_fleet(tmp_path, lambda text: text)
    path = root / place / "kustomization.yaml"
    path.write_text(path.read_text() + PATCHED)
    assert declared(root, "policies/production", AddressMap({})) is None


def test_a_policy_that_no_file_has_may_not_let_requests_by(tmp_path: Path) -> None:
    root = other_fleet(tmp_path, lambda text: text + PATCHED)
    with pytest.raises(Finding) as raised:
        judge(scenario=scenario(as_served(files()), root))
    assert f"{POLICY}/{SOURCES}: matchConditions, which no file of the fleet has" in raised.value.observed
    assert "flux-tenant-pods" not in raised.value.observed  # it has no conditions


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"matchConstraints": {"resourceRules": [{"resourceNames": ["x"]}]}}, ["resourceNames"]),
        ({"matchConstraints": {"excludeResourceRules": [{}]}}, ["excludeResourceRules"]),
        ({"matchResources": {"resourceRules": [{}]}}, ["resourceRules"]),
        ({"matchConstraints": {"resourceRules": [{}]}, "validations": [{"expression": "a"}]}, []),
        ({"matchResources": {"namespaceSelector": NOBODY}}, []),
        ({"validations": [{"expression": " true\n"}]}, ["no validation"]),
        ({"validations": [{"expression": "true"}, {"expression": "a"}]}, []),
        ({"paramRef": {"parameterNotFoundAction": "Allow"}}, ["parameterNotFoundAction"]),
    ],
)
def test_without_a_file_what_narrows_a_policy_is_named(spec: Any, said: list[str]) -> None:
    live = {"kind": POLICY, "metadata": {"name": "x"}, "spec": spec}
    found = departures(live, [])
    assert [text.split()[0].strip(",:") for text in found] == [word.split()[0] for word in said]


def test_files_are_read_as_kustomize_finds_them(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.yaml").write_text("kind: A\nurl: https://old.example.com/x/y\n")
    (tmp_path / "over").mkdir()
    listed = "resources: [../plain, ../plain, https://elsewhere.example.com/z, ../over]\n"
    (tmp_path / "over" / "kustomization.yml").write_text(listed)
    mapped = AddressMap({"https://old.example.com/x/": "https://new.example.com/"})
    assert declared(tmp_path, "over", mapped) == [{"kind": "A", "url": "https://new.example.com/y"}]
    assert declared(tmp_path, "nowhere", mapped) == []


@pytest.mark.parametrize(
    ("probes", "looked_at"), [(["shared-a"], "shared-a"), ([], "apps")], ids=["the suite's own", "none of them"]
)
def test_whether_updates_are_seen_shows_by_a_source_that_is_there(
    monkeypatch: pytest.MonkeyPatch, probes: list[str], looked_at: str
) -> None:
    asked: list[Any] = []

    def patch(ref: Any, _body: Any, *, dry_run: bool) -> None:
        asked.append(ref)
        assert dry_run
        raise ApiError(403, "Forbidden", "denied", "PATCH")

    monkeypatch.setattr(changes_policies, "patched", lambda _p, _r, _change, *, in_force: in_force(mutated=False))
    platform = SimpleNamespace(
        fleet=SimpleNamespace(profile=load_profile(FLEET)[0]),
        probes=probes,
        evil_git_url="https://evil.example.com",
        client=SimpleNamespace(patch=patch),
        timeouts=Timeouts(),
    )
    # B34 has no namespace of its own, so those of the fleet's tenants come with it, and first.
    changes_policies.sources_without_update(cast("Platform", platform), ["apps", "shared-a"])
    assert {str(ref) for ref in asked} == {f"{looked_at}/GitRepository/{looked_at}"}
