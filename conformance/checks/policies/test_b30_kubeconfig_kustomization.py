"""B30: a tenant's Kustomization cannot have a spec.kubeConfig.

A kubeconfig of the tenant's choice points the controller at another cluster, or back at this one with other rights;
its contents have been the way into the controller before (J02). The published policy misspells the field and so
admits it.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B30",
    level=Level.HARDENED,
    control=Control.KUBECONFIG_POLICY,
    kills=["M05-kubeconfig", "M09"],
    source="catalogue B30, finding 1; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-kubeconfig ... denied request", "spec.kubeConfig is not allowed"; '
    "the Kustomization is absent",
)
def test_b30_kubeconfig_kustomization(scenario: Scenario) -> None:
    """Submit a Kustomization with a kubeconfig."""
    # Allowed path first: without the field the object is admitted, and works.
    given(scenario["Kustomization/b30-own"]).becomes_ready()

    answer = scenario["Kustomization/b30-elsewhere"].submit()
    expect(answer).is_refused(message=(scenario.denial("kubeconfig"), "spec.kubeConfig is not allowed"))
    expect(answer).leaves_no_trace("Kustomization/b30-elsewhere", namespace="shared-a")
