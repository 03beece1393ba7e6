"""Changes of single rules: each takes away what it says of the reference fleet's policies, and nothing else."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.bootstrap import changes_guards as guard
from conformance.bootstrap.mutants.guards import mutants
from conformance.bootstrap.platform import Platform
from conformance.kube.objects import Ref
from conformance.repos.fleet_config import FleetProfile
from conformance.repos.yaml_files import load_objects
from conformance.settings import data_dir

POLICIES = data_dir("fleet-repo") / "policies"
LIST = {"allowedPrefixes": "  https://a.example/x/\n\noci://b.example/x/\n"}


class Client:
    """Answers what the changes ask of the live platform."""

    def get(self, ref: Ref) -> dict[str, Any]:
        assert str(ref) == "flux-system/ConfigMap/flux-tenant-sources-allowlist"
        return {"data": LIST}

    def objects(self, api_version: str, kind: str, *, labels: str) -> list[dict[str, Any]]:
        assert (api_version, kind) == ("v1", "Namespace")
        return [{"metadata": {"labels": {labels: tenant}}} for tenant in ("b", "a", "b")]


def platform() -> Platform:
    fleet = SimpleNamespace(profile=FleetProfile())
    return cast("Platform", SimpleNamespace(client=Client(), fleet=fleet, flux_namespace="flux-system"))


def sources(kind: str) -> dict[str, Any]:
    found = [one for one in load_objects(POLICIES / "base" / "sources.yaml") if one["kind"] == kind]
    return dict(found[0]["spec"])


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        (guard.POLICY, guard.judges_deletions, "matchConditions"),
        (guard.POLICY, guard.platform_passes, "matchConditions"),
        (guard.POLICY, guard.errors_pass, "failurePolicy"),
        (guard.POLICY, guard.list_of_its_own, "variables"),
        (guard.POLICY, guard.image_without_scheme, "variables"),
        (guard.BINDING, guard.known_tenants_only, "matchResources"),
        (guard.BINDING, guard.denies_in_silence, "validationActions"),
    ],
)
def test_a_change_touches_one_field_of_the_reference_fleets_policy(
    kind: str, change: Callable[[Platform, dict[str, Any]], None], field: str
) -> None:
    before, spec = sources(kind), sources(kind)
    change(platform(), spec)
    assert [key for key in before | spec if before.get(key) != spec.get(key)] == [field]


def test_the_list_of_its_own_is_the_live_one() -> None:
    spec = sources(guard.POLICY)
    guard.list_of_its_own(platform(), spec)
    assert {one["name"]: one["expression"] for one in spec["variables"]}["prefixes"] == (
        "['https://a.example/x/', 'oci://b.example/x/']"
    )


def test_known_tenants_are_those_that_are_there() -> None:
    spec = sources(guard.BINDING)
    guard.known_tenants_only(platform(), spec)
    [chosen] = spec["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert chosen == {"key": "toolkit.fluxcd.io/tenant", "operator": "In", "values": ["a", "b"]}


def test_every_guard_of_the_reference_fleet_is_a_mutant() -> None:
    names = {
        one["metadata"]["name"]
        for path in sorted((POLICIES / "guards").glob("*.yaml"))
        for one in load_objects(path)
        if one["kind"] == guard.POLICY
    }
    described = " ".join(one.description for one in mutants() if one.id.startswith("M15-"))
    assert {name for name in names if name not in described} == set()
