"""Whether a firewall of this machine keeps its nodes from its servers: asked where a platform did not come up."""

import socket

from conformance.errors import ProcessError
from conformance.providers.engine import Engine

_PATIENCE_S = 5
_STOPPED = ("exit code 124", "Connection refused", "Connection timed out", "No route to host")
"""What `timeout` and bash say of a connection that does not stand; anything else is a node that cannot try."""


def stops(engine: Engine, node: str, gateway: str) -> bool:
    """Whether a connection from a node to a port of this machine, at the gateway, does not come through.

    False also where that cannot be tried: it is asked to explain a breakdown, and must not make one.
    """
    try:
        with socket.create_server((gateway, 0)) as server:
            address = f"/dev/tcp/{gateway}/{server.getsockname()[1]}"
            engine.in_node(node, ["timeout", str(_PATIENCE_S), "bash", "-c", f"exec 3<>{address}"])
    except ProcessError as error:
        return any(words in str(error) for words in _STOPPED)
    except OSError:
        return False
    return False
