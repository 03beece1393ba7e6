"""I06: a tenant's own key decrypts what was encrypted to it, in the tenant's namespace and nowhere else.

Tenants keep Secrets in Git because this works. It is also what makes the refusals of I03, I04 and I05 mean something.
"""

import base64

from conformance.api import Control, Scenario, check, expect, expect_that, given, pick


@check(
    "I06",
    control=Control.DECRYPTION_KEYS,
    kills=["M41-tenant-key-lost"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption",
    source="catalogue I06; kustomize-controller@v1.9.3/internal/decryptor/decryptor.go",
    signal="Ready=True; Secret shared-a/i06-own holds the plain text, and no other namespace has it",
)
def test_i06_own_key(scenario: Scenario) -> None:
    """Decrypt with the tenant's key, and look where the Secret is."""
    own = scenario["Kustomization/i06-own"]
    given(own).is_judged(reason="BuildFailed")
    expect(own).becomes_ready(timeout_s=1.0)

    made = scenario["Secret/i06-own"]
    value = base64.b64decode(pick(made.live(), "data", "owner") or "").decode()
    expect_that(value == "i06-own", f"{made.ref} is not decrypted", wanted="owner: i06-own", observed=f"owner: {value}")
    secrets = scenario.platform.client.objects("v1", "Secret", fields="metadata.name=i06-own")
    where = sorted(secret["metadata"]["namespace"] for secret in secrets)
    expect_that(where == ["shared-a"], "the Secret is elsewhere too", wanted="shared-a", observed=", ".join(where))
