"""Reversible changes to keys, credentials and where secret values stand; mutants are made of them."""

import base64
import contextlib
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager

from conformance.artifacts.sealed import make_age_key
from conformance.bootstrap.changes import patched
from conformance.bootstrap.encryption import KEY_ENTRY, PLATFORM_KEY, TENANT_KEY
from conformance.bootstrap.platform import Platform
from conformance.kube.objects import Ref, ref_to
from conformance.model import Manifest

ATTACKER, VICTIM = "shared-a", "shared-b"


def foreign_key_added(platform: Platform) -> AbstractContextManager[None]:
    """Put the victim's age key into the attacker's Secret, beside its own."""
    key = platform.client.get(ref_to(f"Secret/{TENANT_KEY}", VICTIM))["data"][KEY_ENTRY]
    return patched(platform, ref_to(f"Secret/{TENANT_KEY}", ATTACKER), lambda data: data.update({"victim.agekey": key}))


def key_replaced(platform: Platform, name: str, namespace: str) -> AbstractContextManager[None]:
    """Replace an age key by one that nothing is encrypted to."""
    other = base64.b64encode(make_age_key().identity.encode()).decode()
    return patched(platform, ref_to(f"Secret/{name}", namespace), lambda data: data.update({KEY_ENTRY: other}))


def platform_key_copied(platform: Platform) -> AbstractContextManager[None]:
    """Put a copy of the platform's age key into the attacker's namespace."""
    return secret_copied(platform, PLATFORM_KEY, platform.flux_namespace, PLATFORM_KEY)


def secret_copied(platform: Platform, name: str, namespace: str, new_name: str) -> AbstractContextManager[None]:
    """Put a copy of a Secret into the attacker's namespace."""
    data = platform.client.get(ref_to(f"Secret/{name}", namespace))["data"]
    return made(platform, _secret(new_name, data))


@contextlib.contextmanager
def made(platform: Platform, manifest: Manifest) -> Iterator[None]:
    """Make an object for a while."""
    platform.client.apply(manifest)
    try:
        yield
    finally:
        platform.client.delete_if_exists(Ref.of(manifest))


def canary_copied(platform: Platform) -> AbstractContextManager[None]:
    """Put a copy of the victim's canary into the attacker's namespace."""
    return secret_copied(platform, "canary", VICTIM, "i12-copy")


def canary_in_event(platform: Platform) -> AbstractContextManager[None]:
    """Write the victim's canary into an event in the attacker's namespace."""
    metadata = {"name": "i12-event", "namespace": ATTACKER}
    about = {"apiVersion": "v1", "kind": "Namespace", "name": ATTACKER, "namespace": ATTACKER}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": about, "reason": "Mutant"}
    return made(platform, {**event, "message": f"found {_canary(platform)}"})


@contextlib.contextmanager
def canary_notified(platform: Platform) -> Iterator[None]:
    """Send the victim's canary to the webhook that tenants' Providers call."""
    address = f"{platform.git_url}/events/i12-mutant"
    request = urllib.request.Request(address, data=_canary(platform).encode(), method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=platform.timeouts.api_request):  # noqa: S310
        pass
    try:
        yield
    finally:
        platform.git.forget("i12-mutant")


def _canary(platform: Platform) -> str:
    encoded = platform.client.get(ref_to("Secret/canary", VICTIM))["data"]["value"]
    return base64.b64decode(encoded).decode()


def _secret(name: str, data: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": ATTACKER}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
