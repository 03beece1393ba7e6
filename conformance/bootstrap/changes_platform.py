"""Reversible changes to what the platform itself consists of: Deployments, roles, syncs, the fleet repository."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from conformance.bootstrap import changes_tenants as tenant
from conformance.bootstrap.changes import patched
from conformance.bootstrap.ground import FLEET_REPOSITORY
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.objects import PART_OF_FLUX, Ref, container_args, pick, ref_to
from conformance.kube.wait import eventually, object_until
from conformance.repos.push import TenantRepository

_ARGS = "/spec/template/spec/containers/0/args"
_NEVER_ROLLED_OUT = "--log-level=debug"
_ACCOUNTS = ("kustomize-controller", "a11-nope")
"""Accounts that checks A10 and A11 name in shared-a; neither has rights there."""
_ATTACKER = "shared-a"
_APPLIED_ONCE = {"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}}


@contextlib.contextmanager
def not_rolled_out(platform: Platform) -> Iterator[None]:
    """Pause every controller's Deployment and change its arguments: the processes go on with the old ones."""
    deployments = platform.client.objects(
        "apps/v1", "Deployment", namespace=platform.flux_namespace, labels=PART_OF_FLUX
    )
    before = {Ref.of(one): container_args(one) for one in deployments}
    try:
        for ref, arguments in before.items():
            _pause(platform, ref, [*arguments, _NEVER_ROLLED_OUT], paused=True)
        yield
    finally:
        for ref, arguments in before.items():
            _pause(platform, ref, arguments, paused=None)


def _pause(platform: Platform, ref: Ref, arguments: Sequence[str], *, paused: bool | None) -> None:
    """Change both in one request: between two the Deployment would roll out."""
    steps: list[Mapping[str, Any]] = [{"op": "replace", "path": _ARGS, "value": list(arguments)}]
    pause = {"op": "add", "path": "/spec/paused", "value": True}
    platform.client.patch(ref, [*steps, pause if paused else {"op": "remove", "path": "/spec/paused"}])


@contextlib.contextmanager
def named_accounts_bound(platform: Platform) -> Iterator[None]:
    """Give the accounts that attackers name rights in the attacker's namespace."""
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": _ATTACKER} for name in _ACCOUNTS]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding: dict[str, Any] = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "conformance-m72", "namespace": _ATTACKER},
        "roleRef": role,
        "subjects": subjects,
    }
    platform.client.apply(binding)
    try:
        yield
    finally:
        platform.client.delete_if_exists(Ref.of(binding))


@contextlib.contextmanager
def without_leases_rule(platform: Platform) -> Iterator[None]:
    """Take the rule on leases out of the role that all controllers share."""
    ref = ref_to(f"ClusterRole/crd-controller-{platform.flux_namespace}")
    rules = pick(platform.client.get(ref), "rules")
    kept = [rule for rule in rules if "leases" not in rule.get("resources", [])]
    _replace_rules(platform, ref, kept)
    try:
        yield
    finally:
        _replace_rules(platform, ref, rules)


def _replace_rules(platform: Platform, ref: Ref, rules: Sequence[Any]) -> None:
    platform.client.patch(ref, [{"op": "replace", "path": "/rules", "value": list(rules)}])


@contextlib.contextmanager
def viewers_read_secrets(platform: Platform) -> Iterator[None]:
    """Let Flux's role for viewers read Secrets, and wait until the controller manager has summed it up."""
    ref = ref_to(f"ClusterRole/flux-view-{platform.flux_namespace}")
    rules = pick(platform.client.get(ref), "rules")
    secrets = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}
    _replace_rules(platform, ref, [*rules, secrets])
    try:
        _until_viewers_read_secrets(platform, may=True)
        yield
    finally:
        _replace_rules(platform, ref, rules)
        _until_viewers_read_secrets(platform, may=False)


def _until_viewers_read_secrets(platform: Platform, *, may: bool) -> None:
    def reads() -> bool:
        rules = pick(platform.client.get(ref_to("ClusterRole/view")), "rules") or []
        return any("secrets" in rule.get("resources", []) for rule in rules)

    eventually(
        reads,
        lambda answer: answer is may,
        timeout_s=platform.timeouts.mutant_in_force,
        what=f"the role view {'reads' if may else 'does not read'} Secrets",
    )


@contextlib.contextmanager
def applied_once(platform: Platform, name: str) -> Iterator[None]:
    """Let one of the platform's syncs mark what it applies as not to be applied again; no sync runs meanwhile."""
    with (
        tenant.platform_suspended(platform),
        tenant.platform_kustomization(platform, name, {"commonMetadata": _APPLIED_ONCE}),
    ):
        yield


@contextlib.contextmanager
def lockdown_not_in_git(platform: Platform) -> Iterator[None]:
    """Take the patches out of the fleet's lockdown file, on its main branch; no sync runs meanwhile."""
    path = f"{platform.fleet.folders(platform.environment).cluster}/flux-system/kustomization.yaml"
    with tenant.platform_suspended(platform), _fleet_file(platform, path) as (text, write):
        document = yaml.safe_load(text)
        write(yaml.safe_dump({key: value for key, value in document.items() if key != "patches"}))
        yield


@contextlib.contextmanager
def fleet_file_changed(platform: Platform, old: str, new: str) -> Iterator[None]:
    """Put one word of the fleet's sync of tenants in another's place, on its main branch; no sync runs meanwhile."""
    path = f"{platform.fleet.folders(platform.environment).cluster}/tenants.yaml"
    with tenant.platform_suspended(platform), _fleet_file(platform, path) as (text, write):
        if old not in text:
            raise BootstrapError(f"{path} does not have '{old}': there is nothing to change")
        write(text.replace(old, new))
        yield


@contextlib.contextmanager
def _fleet_file(platform: Platform, path: str) -> Iterator[tuple[str, Any]]:
    credential = platform.git.credential(FLEET_REPOSITORY)
    repository = TenantRepository(
        platform.folder / "checkouts" / f"mutant-{time.time_ns()}",
        platform.git.repository_url(FLEET_REPOSITORY),
        username=credential.username,
        password=credential.password,
    )
    text = (repository.folder / path).read_text()

    def write(changed: str) -> None:
        repository.write(path, changed)
        repository.commit(f"mutant: change {path}")

    try:
        yield text, write
    finally:
        write(text)


@contextlib.contextmanager
def other_overlay(platform: Platform) -> Iterator[None]:
    """Point the syncs of the fleet's tenants at another environment's folder; their releases stay as they are."""
    other = next(env for env in type(platform.environment) if env is not platform.environment)
    with contextlib.ExitStack() as stack:
        for name, namespace in platform.tenants.items():
            release = ref_to("HelmRelease/podinfo", namespace)
            stack.enter_context(patched(platform, release, lambda spec: spec.update(suspend=True)))
            stack.enter_context(_at_path(platform, ref_to(f"Kustomization/{name}", namespace), f"./{other}"))
        yield


@contextlib.contextmanager
def _at_path(platform: Platform, ref: Ref, path: str) -> Iterator[None]:
    before = pick(platform.client.get(ref), "spec", "path")
    _apply_path(platform, ref, path)
    try:
        yield
    finally:
        _apply_path(platform, ref, before)


def _apply_path(platform: Platform, ref: Ref, path: str) -> None:
    live = platform.client.patch(ref, {"spec": {"path": path}})
    generation = pick(live, "metadata", "generation")
    timeout = platform.timeouts.mutant_in_force
    _, done = object_until(
        platform.client,
        ref,
        lambda s: pick(s, "status", "observedGeneration") == generation and _ready(s),
        timeout_s=timeout,
    )
    if not done:
        raise BootstrapError(f"{ref} did not apply {path} within {timeout:g} s")


def _ready(state: Any) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pick(state, "status", "conditions") or [])
