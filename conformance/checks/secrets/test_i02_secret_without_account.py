"""I02: the platform's Kustomization that decrypts and names no account applies nothing.

The documented way to add decryption to a fleet leaves the account out. Under the lockdown such a Kustomization runs as
an account without rights: it fails, and does not fall back to those of the controller.
"""

from conformance.api import Control, Scenario, check, consistently, expect, expect_that, given, pick, ref_to

OWNER = "kustomize.toolkit.fluxcd.io/name"


@check(
    "I02",
    control=Control.DEFAULT_SERVICE_ACCOUNT,
    kills=["M03-kustomize"],
    source="catalogue I02; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:394",
    signal='Ready=False/ReconciliationFailed "dry-run failed (Forbidden)" … "system:serviceaccount:flux-system:flux"; '
    "the Secret keeps its owner i02-named",
)
def test_i02_secret_without_account(scenario: Scenario) -> None:
    """Apply one encrypted Secret with and without an account."""
    platform = scenario.platform
    # Allowed path first: the source, the key and the target are fine when the account is named.
    given(scenario["Kustomization/i02-named"]).becomes_ready()

    user = platform.tenant_user(platform.flux_namespace)
    expect(scenario["Kustomization/i02-forgotten"]).is_denied(
        reason="ReconciliationFailed", message=("dry-run failed (Forbidden)", f'User "{user}" cannot patch resource')
    )
    # Both would make the same Secret; whose label it bears says who did.
    made = ref_to("Secret/i02-auth", "shared-a")
    taken = consistently(
        lambda: pick(platform.client.find(made), "metadata", "labels", OWNER),
        lambda owner: owner == "i02-named",
        for_s=platform.timeouts.hold_window,
    )
    expect_that(taken is None, f"{made} changed hands", wanted=f"{OWNER}=i02-named", observed=f"{OWNER}={taken}")
