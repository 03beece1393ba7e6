"""B32: a tenant cannot name a cluster by spec.kubeConfig.configMapRef either.

The newer form of the field that B30 and B31 are about: the address of a cluster, to which the controller logs in with
an identity of its own.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B32",
    level=Level.HARDENED,
    control=Control.KUBECONFIG_POLICY,
    kills=["M05-kubeconfig", "M09"],
    source="catalogue B32, finding 1; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "spec.kubeConfig is not allowed in tenant namespaces"; the object is absent',
)
@pytest.mark.parametrize("kind", ["Kustomization", "HelmRelease"])
def test_b32_kubeconfig_configmap(scenario: Scenario, kind: str) -> None:
    """Submit an object that takes its cluster from a ConfigMap."""
    # Allowed path first: without the field the object is admitted.
    given(scenario[f"{kind}/b32-own"].submit(dry_run=True)).is_admitted()

    answer = scenario[f"{kind}/b32-elsewhere"].submit()
    expect(answer).is_refused(message=(scenario.denial("kubeconfig"), "spec.kubeConfig is not allowed"))
    expect(answer).leaves_no_trace(f"{kind}/b32-elsewhere", namespace="shared-a")
