"""F22: a tenant's Receiver cannot make Flux reconcile another tenant's object.

notification-controller annotates what a Receiver lists with its own rights. Whoever can call the attacker's webhook
could drive the victim's deployments at will.
"""

import functools
from http import HTTPStatus

from conformance.api import (
    Capability,
    Control,
    Scenario,
    Subject,
    check,
    consistently,
    eventually,
    expect_none,
    expect_that,
    given,
    pick,
)

ASKED = "reconcile.fluxcd.io/requestedAt"
DENIED = "cross-namespace references are not allowed"


def _path(receiver: Subject) -> str:
    return str(pick(receiver.live(), "status", "webhookPath") or "")


@check(
    "F22",
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-notification"],
    spec="https://fluxcd.io/flux/components/notification/receivers/#resources",
    source="catalogue F22; notification-controller@v1.9.2 internal/server/receiver_handlers.go:563",
    signal='the call is answered with an error, the log says "cross-namespace references are not allowed", the '
    "victim's object is not annotated",
    needs=[Capability.FLUX_PROCESSES],
)
def test_foreign_hook(scenario: Scenario) -> None:
    timeouts = scenario.platform.timeouts
    paths = {}
    for name in ("own", "foreign"):
        receiver = scenario[f"Receiver/f22-{name}"]
        given(receiver).becomes_ready()
        paths[name] = eventually(
            functools.partial(_path, receiver), bool, timeout_s=timeouts.reconciled, what=f"{receiver.ref} has a path"
        )

    def asked(namespace: str) -> str:
        live = scenario[namespace, "GitRepository/f22-repository"].live()
        return str(pick(live, "metadata", "annotations", ASKED) or "")

    # Allowed path first: the tenant's own webhook works.
    scenario.call_hook(paths["own"])
    eventually(lambda: asked("shared-a"), bool, timeout_s=timeouts.reconciled, what="the own object is annotated")

    status = scenario.call_hook(paths["foreign"])
    harm = consistently(lambda: asked("shared-b"), lambda stamp: not stamp, for_s=timeouts.hold_window)
    annotated = [] if harm is None else [harm]
    expect_none(scenario, annotated, "shared-b's object was annotated", wanted="no requestedAt")
    refused = status >= HTTPStatus.BAD_REQUEST
    expect_that(refused, "the call went through", wanted="an error status", observed=str(status))
    said = scenario.log_lines("notification-controller", DENIED)
    expect_that(said, "the controller's log does not say why", wanted=DENIED, observed="no such line")
