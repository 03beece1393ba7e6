"""B16: a tenant's source cannot be fetched through a proxy of the tenant's choice.

Such a proxy answers in the place of the permitted host: what it serves was never looked at by anybody.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B16",
    level=Level.HARDENED,
    control=Control.SOURCE_GUARD,
    kills=["M15-sources"],
    source="catalogue B16; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "spec.proxySecretRef is not allowed"; the source is absent',
)
@pytest.mark.parametrize("kind", ["GitRepository", "OCIRepository"])
def test_b16_proxy_secret(scenario: Scenario, kind: str) -> None:
    """Submit a permitted source with a proxy."""
    # Allowed path first: without the proxy it works.
    given(scenario[f"{kind}/b16-own"]).becomes_ready()

    answer = scenario[f"{kind}/b16-evil"].submit()
    expect(answer).is_refused(message=(scenario.denial("guard_sources"), "spec.proxySecretRef is not allowed"))
    expect(answer).leaves_no_trace(f"{kind}/b16-evil", namespace="shared-a")
