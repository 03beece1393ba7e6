"""B37: the allowlist binds the platform's own identities too, where it acts in a tenant's namespace.

What the fleet applies for a tenant comes from a commit like any other. A policy with exceptions for the powerful is
open to whoever makes them act.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B37",
    control=Control.POLICY_SCOPE,
    kills=["M05-sources", "M06-wide", "M25-platform"],
    source="catalogue B37; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "is not allowed", for an admin of the cluster as for kustomize-controller; the GitRepository is absent',
)
@pytest.mark.parametrize("identity", ["admin", "fleet"])
def test_b37_any_identity(scenario: Scenario, identity: str) -> None:
    """Submit a source of the disallowed organisation as an admin, and as the account that applies the fleet."""
    platform = scenario.platform
    client, who = platform.client, "platform admin"
    if identity == "fleet":
        client, who = scenario.account(platform.flux_namespace, "kustomize-controller")
    own = scenario[f"GitRepository/b37-{identity}-own"]
    evil = scenario[f"GitRepository/b37-{identity}-evil"].with_fields({"spec.url": f"{platform.evil_git_url}/x"})
    # Allowed path first: the same identity, the same kind, below a permitted prefix.
    given(scenario.ask(who, f"create {own.ref}", lambda: client.create(own.manifest, dry_run=True))).is_admitted()

    answer = scenario.ask(who, f"create {evil.ref}", lambda: client.create(evil.manifest))
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    expect(answer).leaves_no_trace(evil.ref.label, namespace="shared-a")
