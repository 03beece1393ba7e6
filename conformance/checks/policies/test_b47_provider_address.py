"""B47: a tenant's notification Provider does not send to hosts of the tenant's choice.

No setting of Flux holds this, and no policy can: the address and the proxy may stand in the Provider's Secret, where
they cannot be told from other data.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B47",
    level=Level.PROVISIONAL,
    control=Control.FLUX_GUARD,
    source="catalogue B47; notification-controller@v1.9.2/internal/server/event_handlers.go:501",
    signal='403 "denied request"; the Provider is absent',
    unmutable="no setting of Flux or of the fleet holds this, so none can be taken away",
)
def test_b47_provider_address(scenario: Scenario) -> None:
    """Submit a Provider with an address outside of the platform."""
    # Allowed path first: the tenant may have Providers.
    given(scenario["Provider/b47-own"].submit(dry_run=True)).is_admitted()

    answer = scenario["Provider/b47-evil"].submit(dry_run=True)
    expect(answer).is_refused(message="denied request")
    expect(answer).leaves_no_trace("Provider/b47-evil", namespace="shared-a")
