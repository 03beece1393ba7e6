"""F13: a tenant cannot decrypt with another tenant's key.

kustomize-controller reads the Secret of spec.decryption with its own rights. Ciphertext in Git can be copied by whoever
may clone it: that the key is looked for in the own namespace only is what keeps it closed.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that, pick, ref_to


@check(
    "F13",
    level=Level.CORE,
    control=Control.SAME_NAMESPACE_LOOKUP,
    kills=["M37-decrypt-any-namespace"],
    source="catalogue F13; kustomize-controller@v1.9.3 internal/decryptor/decryptor.go:263",
    signal='Ready=False/BuildFailed "secrets \\"f13-victim\\" not found"; the ConfigMap is absent',
)
def test_foreign_decryption_key(scenario: Scenario) -> None:
    victim, foreign = scenario["Kustomization/f13-victim"], scenario["Kustomization/f13-foreign"]

    key = pick(scenario.platform.client.find(ref_to("Secret/tenant-age", "shared-b")), "data")
    given_that(key, "shared-b has no key tenant-age")
    given(scenario["Secret/f13-victim"].with_fields({"data": key}).submit()).is_admitted()
    given(victim.submit()).is_admitted()
    given(foreign.submit()).is_admitted()
    given(victim).becomes_ready()

    expect(foreign).is_denied(reason="BuildFailed", message='secrets "f13-victim" not found')
    expect(foreign).leaves_no_trace("ConfigMap/f13-loot-remote-base", namespace="shared-a")
