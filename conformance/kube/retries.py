"""When a request to the API server is sent again: while it is busy, and where it had closed the idle connection."""

from http import HTTPStatus
from http.client import RemoteDisconnected
from ssl import SSLEOFError
from typing import Any

import urllib3


class Retries(urllib3.Retry):
    """Sends a request again where the connection was closed before it came, and never where an answer is late.

    Go's server closes a connection that was idle for 90 s (kubernetes@v1.36.3/staging/src/k8s.io/apiserver/pkg/server/
    secure_serving.go, IdleTimeout). What is sent at that very moment is not served. Connections that idle together are
    closed together, so the next one that is taken may be closed too.
    """

    def increment(self, *args: Any, **kwargs: Any) -> "Retries":
        """Count a failure; raises what urllib3 raises when it is not to be tried again."""
        error = kwargs.get("error")
        bound = self if error is None or _closed_while_idle(error) else self.new(read=0, other=0)
        return super(Retries, bound).increment(*args, **kwargs)


def _closed_while_idle(error: Exception) -> bool:
    wrapped = isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.SSLError)
    cause = error.args[-1] if wrapped and error.args else None
    return isinstance(cause, RemoteDisconnected | ConnectionResetError | BrokenPipeError | SSLEOFError)


_CLOSED = 5
"""How many closed connections one request may meet in a row."""


RETRIES = Retries(
    total=None,
    connect=0,
    read=_CLOSED,
    redirect=0,
    other=_CLOSED,  # urllib3 counts what TLS says here
    status=20,
    status_forcelist=[HTTPStatus.TOO_MANY_REQUESTS],
    allowed_methods=None,
    backoff_factor=0.05,
    backoff_max=2.0,
    raise_on_status=False,
    raise_on_redirect=False,
)
"""The API server itself bounds concurrency: a request beyond what it serves is answered 429, with the time to wait."""
