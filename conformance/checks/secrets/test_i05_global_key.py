"""I05: a tenant that names no key gets none: kustomize-controller has no key of its own for everybody.

With --sops-age-secret the controller decrypts whatever any tenant puts before it, also what was encrypted for the
platform or for another tenant.
"""

from conformance.api import Control, Scenario, check, consistently, eventually, expect, expect_that, given, pick, ref_to

OWNER = "kustomize.toolkit.fluxcd.io/name"


@check(
    "I05",
    control=Control.NO_GLOBAL_DECRYPTION_KEY,
    kills=["M17"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#controller-global-decryption",
    source="catalogue I05; kustomize-controller@v1.9.3/internal/decryptor/decryptor.go",
    signal='Ready=False/BuildFailed "decryption failed for" … "cannot get sops data key"; '
    "the Secret keeps its owner i05-own",
)
def test_i05_global_key(scenario: Scenario) -> None:
    """Decrypt one file by the tenant's key, and without any."""
    platform = scenario.platform
    # Allowed path first: the file can be decrypted.
    given(scenario["Kustomization/i05-own"]).becomes_ready()

    expect(scenario["Kustomization/i05-keyless"]).is_denied(
        reason="BuildFailed", message=("decryption failed for", "cannot get sops data key")
    )
    # The controller says it aloud, too.
    eventually(
        lambda: scenario.events_about(scenario["Kustomization/i05-keyless"].ref, "cannot get sops data key"),
        bool,
        timeout_s=platform.timeouts.reconciled,
        what="an event tells of the denial",
        interval_s=0.5,
    )
    # Both would make the same Secret; whose label it bears says who did.
    made = ref_to("Secret/i05-shared", "shared-a")
    taken = consistently(
        lambda: pick(platform.client.find(made), "metadata", "labels", OWNER),
        lambda owner: owner == "i05-own",
        for_s=platform.timeouts.hold_window,
    )
    expect_that(taken is None, f"{made} changed hands", wanted=f"{OWNER}=i05-own", observed=f"{OWNER}={taken}")
