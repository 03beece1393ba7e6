"""The allowed path beside each kind of attack: without it, a platform that does nothing would look safe."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError, Breakdown
from conformance.expect import condition, describe
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref
from conformance.kube.wait import object_until
from conformance.model import Manifest
from conformance.timeline import Twin
from conformance.upgrading.kinds import PREFIX, Arsenal, Kind
from conformance.upgrading.loop import CHECK_ID, remove


def plant(platform: Platform, arsenal: Arsenal) -> None:
    """Make what attacks refer to, and wait until all of it is Ready.

    Raises:
        BootstrapError: an object was refused, or did not become Ready in time.
    """
    for manifest in arsenal.setup:
        client = platform.as_tenant(manifest["metadata"]["namespace"], CHECK_ID)
        try:
            client.apply(manifest)
        except ApiError as error:
            raise BootstrapError(f"{Ref.of(manifest)}, which attacks refer to, was refused: {error.message}") from error
    for manifest in arsenal.setup:
        said, ready = _ready(platform, Ref.of(manifest))
        if not ready:
            raise BootstrapError(f"{Ref.of(manifest)}, which attacks refer to, is not Ready: {said}")


def prove(platform: Platform, arsenal: Arsenal, when: str) -> Sequence[Twin]:
    """Walk every allowed path once, all at the same time, and remove what was made."""
    with ThreadPoolExecutor(len(arsenal.kinds), "twin") as pool:
        found = list(pool.map(lambda kind: _prove(platform, kind, when), arsenal.kinds))
    remove(platform, [Ref.of(kind.allowed(_name(kind, when))) for kind in arsenal.kinds])
    return found


def _name(kind: Kind, when: str) -> str:
    return f"{PREFIX}-{kind.name}-{when}"


def _prove(platform: Platform, kind: Kind, when: str) -> Twin:
    manifest = kind.allowed(_name(kind, when))
    try:
        platform.as_tenant(kind.submitter(manifest), CHECK_ID).create(manifest)
        said, works = ("admitted", True) if kind.answered else _ready(platform, Ref.of(manifest))
    except Breakdown as error:
        said, works = error.what, False
    return Twin(kind=kind.name, when=when, works=works, said=said)


def _ready(platform: Platform, ref: Ref) -> tuple[str, bool]:
    timeout = platform.timeouts.health_checked
    state, ready = object_until(platform.client, ref, _is_ready, timeout_s=timeout)
    return describe(state), ready


def _is_ready(state: Manifest | None) -> bool:
    return (condition(state, "Ready") or {}).get("status") == "True"
