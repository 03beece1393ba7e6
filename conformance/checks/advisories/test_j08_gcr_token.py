"""J08: CVE-2026-40109 stays fixed: a Receiver of type gcr takes no call without its own token.

The token of any Google account once was enough, so that whoever found the address could drive the deployments. Now the
Secret says whose token, made for whom. Forged tokens are refused before Google is asked for its keys.
"""

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus

from conformance.api import (
    Capability,
    Control,
    Level,
    Plane,
    Scenario,
    check,
    consistently,
    eventually,
    expect_none,
    expect_that,
    given,
    given_that,
    pick,
)

ASKED = "reconcile.fluxcd.io/requestedAt"
CLAIMS = {"aud": "https://j08.example.com", "email": "j08@example.com", "email_verified": True, "exp": 4102444800}
PUSHED = base64.b64encode(b'{"action": "INSERT", "digest": "j08", "tag": "j08"}').decode()
EVENT = json.dumps({"message": {"data": PUSHED}})
# name -> the Receiver, the token's claims, and why the call is refused
CALLS: Mapping[str, tuple[str, Mapping[str, object], str]] = {
    "nobody-named": ("j08-open", CLAIMS, "required field 'email' for GCR receiver"),
    "no-token": ("j08-closed", {}, "the Authorization header is missing or malformed"),
    "other-audience": ("j08-closed", {**CLAIMS, "aud": "https://elsewhere.example.com"}, "does not match aud claim"),
    "no-signature": ("j08-closed", CLAIMS, "expected JWT signed with RS256 or ES256"),
}


@check(
    "J08",
    level=Level.CORE,
    control=Control.RECEIVER_TOKENS,
    kills=["M56-gcr-any-token"],
    spec="https://github.com/advisories/GHSA-h9cx-xjg6-5v2w",
    source="catalogue J08; notification-controller@v1.9.2 internal/server/receiver_handlers.go:437",
    signal='the call is answered with an error, the log says why ("required field \'email\'", "does not match aud '
    'claim", ...), the object is not annotated',
    needs=[Capability.FLUX_PROCESSES],
)
def test_gcr_token(scenario: Scenario) -> None:
    repository = scenario["GitRepository/j08-repository"]
    paths = {name: webhook(scenario, name) for name in ("j08-generic", "j08-open", "j08-closed")}

    def asked() -> str:
        return str(pick(repository.live(), "metadata", "annotations", ASKED) or "")

    # Allowed path first: the same object, by a webhook that needs no token.
    scenario.call_hook(paths["j08-generic"])
    timeouts = scenario.platform.timeouts
    allowed = eventually(asked, bool, timeout_s=timeouts.reconciled, what="the object is annotated")

    for name, (receiver, claims, why) in CALLS.items():
        status = scenario.call_hook(paths[receiver], bearer=forged(claims), body=EVENT)
        through = [status] if status < HTTPStatus.BAD_REQUEST else []
        expect_none(scenario, through, f"the call {name} went through", wanted=why)
        said = scenario.log_lines("notification-controller", why)
        given_that(said, f"the call {name} was refused, but the log does not say '{why}'")
    harm = consistently(asked, lambda stamp: stamp == allowed, for_s=timeouts.hold_window)
    expect_that(harm is None, "the object was annotated", wanted=allowed, observed=str(harm))
    scenario.evidence.record("absence", "a new annotation", "nobody annotated the object after the allowed call\n")
    scenario.shown(Plane.ABSENCE)


def webhook(scenario: Scenario, name: str) -> str:
    """Return the path of a Receiver that is ready; the path may come a moment after the condition."""
    receiver = scenario[f"Receiver/{name}"]
    given(receiver).becomes_ready()
    timeout = scenario.platform.timeouts.reconciled
    path = eventually(
        lambda: pick(receiver.live(), "status", "webhookPath"), bool, timeout_s=timeout, what=f"{name} has a path"
    )
    return str(path)


def forged(claims: Mapping[str, object]) -> str:
    """Return a token with these claims that nobody has signed; none for no claims."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)] + [b"forged"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) if claims else ""
