"""F15: a tenant's source does not fetch with another tenant's Secret.

source-controller reads the Secrets of sources with its own rights, for every kind of source and each of its fields. A
lookup beyond the namespace would lend the victim's credentials to the attacker, and tell by the keys for signatures
whom the victim trusts.
"""

import pytest

from conformance.api import Capability, Control, Level, Scenario, check, expect, expect_that, given, pick

ATTACKS = {
    "git": ("GitRepository", "f15-basic"),
    "git-verify": ("GitRepository", "f15-git-key"),
    "helm": ("HelmRepository", "f15-basic"),
    "helm-cert": ("HelmRepository", "f15-certificate"),
    "chart-verify": ("HelmChart", "f15-chart-key"),
    "oci": ("OCIRepository", "f15-registry"),
    "oci-cert": ("OCIRepository", "f15-certificate"),
    "oci-verify": ("OCIRepository", "f15-oci-key"),
}


@check(
    "F15",
    level=Level.CORE,
    control=Control.SAME_NAMESPACE_LOOKUP,
    kills=["M47-secret-any-namespace"],
    source="catalogue F15; source-controller@v1.9.3 internal/controller/gitrepository_controller.go",
    signal="Ready=False/AuthenticationFailed, of keys for signatures VerificationError, 'f15-...' not found; the "
    "source has no artifact, and the log says of none that it was stored",
    needs=[Capability.FLUX_PROCESSES],
)
@pytest.mark.parametrize("field", ATTACKS)
def test_foreign_source_secret(scenario: Scenario, field: str) -> None:
    kind, secret = ATTACKS[field]
    victim, foreign = scenario[f"{kind}/f15-{field}-victim"], scenario[f"{kind}/f15-{field}"]
    verified = field.endswith("-verify")

    if field == "chart-verify":
        for tenant in ("shared-a", "shared-b"):
            given(scenario[tenant, "HelmRepository/charts-f15"].submit()).is_admitted()
    if verified:
        trust_a_new_key(scenario, secret)
        given(victim.submit()).is_admitted()
    given(victim).becomes_ready()
    if verified:
        given(foreign.submit()).is_admitted()

    reason = "VerificationError" if verified else "AuthenticationFailed"
    denied = expect(foreign).is_denied(reason=reason, message=(secret, "not found"))
    artifact = pick(denied, "status", "artifact", "url")
    expect_that(artifact is None, f"{foreign.ref} has an artifact", wanted="no artifact", observed=str(artifact))
    lines = scenario.log_lines("source-controller", f'"name":"f15-{field}"')
    stored = [line for line in lines if "stored" in line]
    expect_that(not stored, f"{foreign.ref} was fetched", wanted="nothing stored", observed=str(stored))


def trust_a_new_key(scenario: Scenario, secret: str) -> None:
    """Sign what the sources fetch, and give the victim the public key."""
    manifest = scenario[f"Secret/{secret}"].manifest
    signed = {
        "f15-git-key": lambda: {"author.sshpub": scenario.signed_commit("public", "f15-signed")},
        "f15-chart-key": lambda: {"cosign.pub": scenario.signed_chart("harmless", "1.0.0")[1]},
        "f15-oci-key": lambda: {"cosign.pub": scenario.signed_artifact("manifests/harmless")[1]},
    }
    given(scenario.create({**manifest, "stringData": signed[secret]()}, as_tenant="shared-b")).is_admitted()
