"""I03: a tenant cannot decrypt what was encrypted to another tenant's key.

Ciphertexts lie in Git, where more people read them than may know what is in them. The key alone keeps them closed, and
each tenant has its own.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "I03",
    control=Control.DECRYPTION_KEYS,
    kills=["M40-foreign-key"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption",
    source="catalogue I03; kustomize-controller@v1.9.3/internal/decryptor/decryptor.go",
    signal='Ready=False/BuildFailed "decryption failed for" … "cannot get sops data key"; the Secret is absent',
)
def test_i03_foreign_key(scenario: Scenario) -> None:
    """Decrypt a file of the tenant's own, and one of the other tenant's."""
    foreign = scenario["Kustomization/i03-foreign"]
    # Allowed path first: the tenant's key is there and is right.
    given(scenario["Kustomization/i03-own"]).becomes_ready()

    expect(foreign).is_denied(reason="BuildFailed", message=("decryption failed for", "cannot get sops data key"))
    expect(foreign).leaves_no_trace("Secret/i03-foreign", namespace="shared-a")
