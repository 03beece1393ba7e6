"""A11: a Kustomization under an account that does not exist has no rights.

Nobody looks whether the account is there: the API server is asked in its name, and knows no such user. A controller
that fell back to rights of its own would give them to whoever mistypes a name.
"""

from conformance.api import Control, Scenario, check, consistently, expect, expect_that, given, pick, ref_to

OWNER = "kustomize.toolkit.fluxcd.io/name"


@check(
    "A11",
    control=Control.IMPERSONATION,
    kills=["M72-named-accounts"],
    source="catalogue A11; pkg/runtime@v0.110.1/client/impersonator.go:230",
    signal="Ready=False/ReconciliationFailed 'User \"system:serviceaccount:shared-a:a11-nope\" cannot patch'; "
    "the ConfigMap does not change hands",
)
def test_a11_missing_account(scenario: Scenario) -> None:
    """Apply one ConfigMap with the tenant's own account and with one that is not there."""
    # Allowed path first: source, path and ConfigMap are fine.
    given(scenario["Kustomization/a11-own"]).becomes_ready()

    made = ref_to("ConfigMap/a11-made", "shared-a")
    expect(scenario["Kustomization/a11-foreign"]).is_denied(
        reason="ReconciliationFailed",
        message=(
            "ConfigMap/shared-a/a11-made dry-run failed (Forbidden)",
            'User "system:serviceaccount:shared-a:a11-nope" cannot patch resource "configmaps"',
        ),
    )
    # Both would make the same object; whose label it bears says who did.
    owner = consistently(
        lambda: pick(scenario.platform.client.find(made), "metadata", "labels", OWNER),
        lambda name: name == "a11-own",
        for_s=scenario.platform.timeouts.hold_window,
    )
    expect_that(owner is None, f"{made} changed hands", wanted=f"{OWNER}=a11-own", observed=f"{OWNER}={owner}")
