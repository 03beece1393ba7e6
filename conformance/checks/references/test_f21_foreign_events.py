"""F21: a tenant's Alert does not deliver the events of another tenant's objects.

Events name objects, revisions and errors. An Alert of the attacker's would carry the victim's to an address of the
attacker's choice, as they happen.
"""

import json

from conformance.api import Control, Scenario, check, consistently, eventually, expect_none, given

DENIED = "discarding event, access denied to cross-namespace sources"


def _about(scenario: Scenario, namespace: str) -> list[str]:
    """Return the messages that came in about objects of a namespace."""
    events = [json.loads(one.body) for one in scenario.events_received("/f21")]
    return [event["message"] for event in events if event["involvedObject"]["namespace"] == namespace]


@check(
    "F21",
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-notification"],
    spec="https://fluxcd.io/flux/components/notification/alerts/#event-sources",
    source="catalogue F21; notification-controller@v1.9.2 internal/server/event_handlers.go:299",
    signal='Event on the Alert "discarding event, access denied to cross-namespace sources"; the webhook gets the '
    "tenant's own events and none of the victim's",
)
def test_foreign_events(scenario: Scenario) -> None:
    timeouts = scenario.platform.timeouts
    # Both alerts stand before anything happens that they could tell of.
    for name in ("own", "victim"):
        given(scenario[f"Kustomization/f21-{name}"].submit()).is_admitted()
    # Allowed path first: the tenant's own event is delivered.
    eventually(
        lambda: _about(scenario, "shared-a"),
        bool,
        timeout_s=timeouts.reconciled,
        what="an event of shared-a reaches the webhook",
        interval_s=0.5,
    )

    # Whichever comes first is the judgement: the victim's event at the webhook, or the word that it was discarded.
    eventually(
        lambda: _about(scenario, "shared-b") or scenario.events_about(scenario["Alert/f21-foreign"].ref, DENIED),
        bool,
        timeout_s=timeouts.reconciled,
        what="the event of shared-b is judged",
        interval_s=0.5,
    )
    heard = consistently(lambda: _about(scenario, "shared-b"), lambda found: not found, for_s=timeouts.hold_window)
    told = [] if heard is None else [heard]
    expect_none(scenario, told, "the webhook was told of shared-b", wanted="no event")
