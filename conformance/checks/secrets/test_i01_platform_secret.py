"""I01: a tenant's credential reaches its namespace from the fleet repository, where it lies encrypted.

So the platform hands out credentials by Git and nobody who reads Git has them. The Kustomization that decrypts names
the platform's key and the platform's account; without either nothing is applied (I02).
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "I01",
    control=Control.DECRYPTION_KEYS,
    kills=["M43-platform-key-lost"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption",
    source="catalogue I01; kustomize-controller@v1.9.3/internal/decryptor/decryptor.go",
    signal="Ready=True of the Kustomization and of a GitRepository that logs in with what was decrypted",
)
def test_i01_platform_secret(scenario: Scenario) -> None:
    """Apply the encrypted credential, and fetch a private repository with it."""
    tenants = scenario["Kustomization/i01-tenants"]
    given(tenants).is_judged(reason="BuildFailed")
    expect(tenants).becomes_ready(timeout_s=1.0)

    private = scenario["GitRepository/i01-private"]
    given(private.submit()).is_admitted()
    # The repository is private: the fetch proves the plain text.
    expect(private).becomes_ready()
