"""Searches the whole platform for the canaries: the value in each namespace's Secret `canary`, which stays there."""

import base64
import binascii
import json
import zlib
from collections.abc import Iterator, Mapping

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.objects import Ref, pick, ref_to
from conformance.model import Manifest
from conformance.scenario import Scenario

_GZIP = 31
"""zlib's number for gzip with its header."""
_LAYERS = 3
"""A Helm release is gzip in base64 in the base64 of its Secret."""


def canary_leaks(scenario: Scenario) -> Mapping[str, list[str]]:
    """Return where canaries are that they should not be: in objects, controllers' logs, notifications."""
    platform = scenario.platform
    values = canaries(platform)
    found = {
        "objects": in_objects(platform, values),
        "logs": in_logs(platform, values),
        "notifications": in_notifications(platform, values),
    }
    scenario.evidence.record("leaks", f"{len(values)} canaries", found)
    return found


def canaries(platform: Platform) -> dict[str, str]:
    """Return namespace -> the value that must not leave it.

    Raises:
        Breakdown: a namespace has none.
    """
    found = {}
    for namespace in (platform.flux_namespace, *platform.tenants.values(), *platform.probes):
        secret = platform.client.find(ref_to("Secret/canary", namespace))
        value = base64.b64decode(pick(secret, "data", "value") or "").decode()
        if not value:
            raise Breakdown(f"{namespace} has no canary")
        found[namespace] = value
    return found


def in_objects(platform: Platform, values: Mapping[str, str]) -> list[str]:
    """Return the objects, of every kind that can be listed, that hold a canary of another namespace."""
    found = []
    for api_version, kind in platform.client.listable():
        for item in platform.client.objects(api_version, kind):
            text = "\n".join([json.dumps(item), *(_decoded(item) if kind == "Secret" else ())])
            namespace = item["metadata"].get("namespace", "")
            found += [
                f"{Ref.of(item)} holds the canary of {owner}" for owner in _held(text, values) if owner != namespace
            ]
    return found


def in_logs(platform: Platform, values: Mapping[str, str]) -> list[str]:
    """Return the controllers' logs that hold a canary."""
    logs = sorted(platform.cluster.logs.glob("*-controller.log"))
    return [
        f"{log.name} holds the canary of {owner}"
        for log in logs
        for owner in _held(log.read_text(errors="replace"), values)
    ]


def in_notifications(platform: Platform, values: Mapping[str, str]) -> list[str]:
    """Return the notifications that hold a canary."""
    received = platform.git.received("")
    return [f"{one.path} was told the canary of {owner}" for one in received for owner in _held(one.body, values)]


def _held(text: str, values: Mapping[str, str]) -> Iterator[str]:
    return (owner for owner, value in values.items() if value in text)


def _decoded(secret: Manifest) -> Iterator[str]:
    """Yield what the values of a Secret are, layer by layer."""
    for encoded in (secret.get("data") or {}).values():
        content = str(encoded).encode()
        for _ in range(_LAYERS):
            content = _peeled(content)
            yield content.decode(errors="replace")


def _peeled(content: bytes) -> bytes:
    try:
        return zlib.decompress(content, _GZIP)
    except zlib.error:
        pass
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return b""
