"""B31: a tenant's HelmRelease cannot have a spec.kubeConfig.

The same field as B30's, read by another controller. The policy has to name both kinds, and to spell the field as the
API does.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B31",
    level=Level.HARDENED,
    control=Control.KUBECONFIG_POLICY,
    kills=["M05-kubeconfig", "M09"],
    source="catalogue B31, finding 1; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-kubeconfig ... denied request", "spec.kubeConfig is not allowed"; '
    "the HelmRelease is absent",
)
def test_b31_kubeconfig_helmrelease(scenario: Scenario) -> None:
    """Submit a HelmRelease with a kubeconfig."""
    # Allowed path first: without the field the object is admitted, and works.
    given(scenario["HelmRelease/b31-own"]).becomes_ready()

    answer = scenario["HelmRelease/b31-elsewhere"].submit()
    expect(answer).is_refused(message=(scenario.denial("kubeconfig"), "spec.kubeConfig is not allowed"))
    expect(answer).leaves_no_trace("HelmRelease/b31-elsewhere", namespace="shared-a")
