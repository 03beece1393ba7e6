"""I04: a tenant cannot decrypt with the platform's key by naming it.

Whoever copies the fleet's ciphertext into a repository of its own has the file. The key's Secret lies in the namespace
of Flux, and a Kustomization reaches the Secrets of its own namespace only.
"""

from conformance.api import (
    Control,
    Scenario,
    check,
    consistently,
    eventually,
    expect,
    expect_that,
    given,
    given_that,
    pick,
    ref_to,
)

OWNER = "kustomize.toolkit.fluxcd.io/name"


@check(
    "I04",
    control=Control.DECRYPTION_KEYS,
    kills=["M42-platform-key-copied"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption",
    source="catalogue I04; kustomize-controller@v1.9.3/internal/decryptor/decryptor.go",
    signal='Ready=False/BuildFailed "cannot get decryption Secret \'shared-a/sops-age\'" … "not found"; '
    "the Secret keeps its owner i04-own",
)
def test_i04_platform_key(scenario: Scenario) -> None:
    """Decrypt one file by the tenant's key, and by the name of the platform's."""
    platform = scenario.platform
    # Allowed path first: the file can be decrypted, and the platform's key is where it belongs.
    given(scenario["Kustomization/i04-own"]).becomes_ready()
    given_that(
        platform.client.find(ref_to("Secret/sops-age", platform.flux_namespace)), "the platform has no key sops-age"
    )

    expect(scenario["Kustomization/i04-platform"]).is_denied(reason="BuildFailed", message=("sops-age", "not found"))
    # The controller says it aloud, too.
    eventually(
        lambda: scenario.events_about(scenario["Kustomization/i04-platform"].ref, "not found"),
        bool,
        timeout_s=platform.timeouts.reconciled,
        what="an event tells of the denial",
        interval_s=0.5,
    )
    # Both would make the same Secret; whose label it bears says who did.
    made = ref_to("Secret/i04-shared", "shared-a")
    taken = consistently(
        lambda: pick(platform.client.find(made), "metadata", "labels", OWNER),
        lambda owner: owner == "i04-own",
        for_s=platform.timeouts.hold_window,
    )
    expect_that(taken is None, f"{made} changed hands", wanted=f"{OWNER}=i04-own", observed=f"{OWNER}={taken}")
