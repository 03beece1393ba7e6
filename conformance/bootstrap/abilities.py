"""The bootstrap routes: what each gives a platform, known before there is one."""

from collections.abc import Mapping

from conformance.model import Capability, Mode, Route
from conformance.providers.protocol import EXISTING, LACKS

GIVES: Mapping[Route, frozenset[Capability]] = {
    Route.CLI: frozenset({Capability.FLUX_CLI}),
    Route.OPERATOR: frozenset({Capability.FLUX_OPERATOR}),
}
"""What there is after a bootstrap by this route and after no other. A check of one route alone needs it."""
PROBED = frozenset({Capability.DRY_RUNS})
"""What a probe gives an existing cluster, and an audit does not."""
_OF_ROUTES = frozenset[Capability]().union(*GIVES.values())


def lacks(provider: str, route: str = Route.CLI, mode: str = Mode.AUDIT) -> frozenset[Capability]:
    """Return what a platform of this provider and this route lacks by its nature: checks that need it are not run.

    `mode` is what is done to an existing cluster.

    A name that nobody knows lacks nothing here: it is refused with its own words before anything starts. Which route
    an existing cluster came by is seen when it is read.
    """
    if provider == EXISTING:
        return LACKS[provider] - (PROBED if mode == Mode.PROBE else frozenset())
    of_route = GIVES[Route(route)] if route in set(Route) else _OF_ROUTES
    return LACKS.get(provider, frozenset()) | (_OF_ROUTES - of_route)
