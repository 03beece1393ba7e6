"""Connections of a network matrix, as results hold them: expected, observed, computed. Part of the model."""

from dataclasses import dataclass
from enum import StrEnum


class Fidelity(StrEnum):
    """Whether a result was seen, or computed from what would decide it."""

    REAL = "real"
    SIMULATED = "simulated"
    """No packet was sent: the provider has no nodes, so the live NetworkPolicies were evaluated instead."""


class Reach(StrEnum):
    """Whether a connection is let through."""

    ALLOWED = "allowed"
    DENIED = "denied"


class Seen(StrEnum):
    """What a Pod saw when it opened a connection."""

    CONNECTED = "connected"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    NO_ROUTE = "no-route"
    DNS = "dns"
    """A name was not resolved."""
    NOTHING = ""
    """No packet was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One judged connection: from x to x port, expected beside observed beside computed."""

    source: str
    """`namespace/Pod`."""
    target: str
    """`namespace/Pod`, `namespace/Service/name`, or an address outside of the cluster."""
    port: int
    protocol: str
    expected: Reach
    observed: Seen
    computed: Reach
    decided_by: str
    """The NetworkPolicies that select either end, by direction."""
    twin: bool
    """A precondition: the allowed connection beside a denied one."""
    answered: bool
    """Whether somebody listens there. Where nobody does, silence shows nothing, and the policies alone decide."""

    @property
    def name(self) -> str:
        """The connection in words: `shared-near/e01-client to shared-far/e01-server, 8080/TCP`."""
        return f"{self.source} to {self.target}, {self.port}/{self.protocol}"

    @property
    def seen(self) -> Reach:
        """Whether it was let through, as far as that was seen, else as computed."""
        if self.observed is Seen.NOTHING or (not self.answered and self.observed is not Seen.CONNECTED):
            return self.computed
        return Reach.ALLOWED if self.observed is Seen.CONNECTED else Reach.DENIED

    @property
    def agrees(self) -> bool:
        """Whether what was seen is what the policies say."""
        return self.seen is self.computed
