"""Whether the container engine is on this machine, with networks that this machine is in: asked before any work."""

import platform
import socket
from urllib.parse import urlsplit

from conformance.errors import InputError, ProviderError
from conformance.providers.engine import Engine, EngineFacts

_NEXT = (
    "let DOCKER_HOST or `docker context use` name a Docker Engine of this machine that root started (usually "
    "unix:///var/run/docker.sock), run on the engine's machine, or certify with --flux-provider embedded"
)
_PODMAN = "Podman Engine"
"""How podman names itself among the parts of a server, also where docker's own command line asks it."""
_NEEDED = "nodes reach the suite's servers at the gateway of their network, which is to be an address of this machine"


def require_here(engine: Engine, facts: EngineFacts) -> None:
    """Check what can be known of the engine's place before a network is made; `prepare` binds to the gateway itself.

    What the engine does not say speaks against nobody.

    Raises:
        InputError: podman, a rootless engine, one of another machine (a virtual one too), or one whose networks lie
            elsewhere, as when this is a container with the engine's socket.
    """
    if _PODMAN in engine.components():
        raise InputError("the container engine is podman, and this provider speaks to Docker Engine alone", hint=_NEXT)
    if facts.rootless:
        raise InputError(
            f"the container engine is rootless, so its networks are not in this machine's own: {_NEEDED}", hint=_NEXT
        )
    here = platform.release()
    if facts.kernel and facts.kernel != here:
        raise InputError(
            f"the container engine ({facts.system or 'of an unknown system'}) runs on another machine or in a virtual "
            f"one, with the kernel {facts.kernel} and not {here}: {_NEEDED}",
            hint=_NEXT,
        )
    endpoint = engine.endpoint()
    host = urlsplit(endpoint).hostname or ""
    if host and facts.name != socket.gethostname() and not _is_own(host):
        raise InputError(f"the container engine at {endpoint} is on another machine: {_NEEDED}", hint=_NEXT)
    gateway = engine.bridge()
    if gateway and not _is_own(gateway):
        raise InputError(
            f"{gateway}, the gateway of the container engine's network `bridge`, is no address of this machine: "
            f"{_NEEDED}",
            hint=_NEXT,
        )


def _is_own(host: str) -> bool:
    """Whether a name or an address is this machine's; False of a name that nobody here knows."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(_binds(family, address) for family, _, _, _, address in found)


def _binds(family: int, address: tuple[object, ...]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def require_gateway(gateway: str, network: str) -> None:
    """Check that the gateway of a cluster's own network is an address of this machine, by binding to it.

    Raises:
        ProviderError: it is not.
    """
    with socket.socket() as probe:
        try:
            probe.bind((gateway, 0))
        except OSError as error:
            raise ProviderError(
                f"{gateway}, the gateway of the container network {network}, is no address of this machine "
                f"({error.strerror}): the cluster could not reach the suite's servers",
                hint="run on the machine of the engine: a remote, rootless or desktop engine will not do",
            ) from error
