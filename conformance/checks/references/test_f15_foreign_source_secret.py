"""F15: a tenant's source does not fetch with another tenant's Secret.

source-controller reads the Secrets of sources with its own rights, for every kind of source and each of its fields. A
lookup beyond the namespace would lend the victim's credentials to the attacker.
"""

import pytest

from conformance.api import Capability, Control, Level, Scenario, check, expect, expect_that, given, pick

ATTACKS = {
    "git": ("GitRepository", "f15-basic"),
    "helm": ("HelmRepository", "f15-basic"),
    "helm-cert": ("HelmRepository", "f15-certificate"),
    "oci": ("OCIRepository", "f15-registry"),
    "oci-cert": ("OCIRepository", "f15-certificate"),
}


@check(
    "F15",
    level=Level.CORE,
    control=Control.SAME_NAMESPACE_LOOKUP,
    kills=["M47-secret-any-namespace"],
    source="catalogue F15; source-controller@v1.9.3 internal/controller/gitrepository_controller.go",
    signal="Ready=False/AuthenticationFailed 'shared-a/f15-basic' ... not found; the source has no artifact, "
    "and the log says of none that it was stored",
    needs=[Capability.FLUX_PROCESSES],
)
@pytest.mark.parametrize("field", ATTACKS)
def test_foreign_source_secret(scenario: Scenario, field: str) -> None:
    kind, secret = ATTACKS[field]
    foreign = scenario[f"{kind}/f15-{field}"]

    given(scenario[f"{kind}/f15-{field}-victim"]).becomes_ready()

    denied = expect(foreign).is_denied(reason="AuthenticationFailed", message=(secret, "not found"))
    artifact = pick(denied, "status", "artifact", "url")
    expect_that(artifact is None, f"{foreign.ref} has an artifact", wanted="no artifact", observed=str(artifact))
    lines = scenario.log_lines("source-controller", f'"name":"f15-{field}"')
    stored = [line for line in lines if "stored" in line]
    expect_that(not stored, f"{foreign.ref} was fetched", wanted="nothing stored", observed=str(stored))
