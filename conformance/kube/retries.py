"""When a request to the API server is sent again: while it is busy, and where it had closed the idle connection."""

from http import HTTPStatus
from http.client import RemoteDisconnected
from typing import Any

import urllib3


class Retries(urllib3.Retry):
    """Sends a request again where the connection was closed before it came, and never where an answer is late.

    Go's server closes a connection that was idle for 90 s (kubernetes@v1.36.3/staging/src/k8s.io/apiserver/pkg/server/
    secure_serving.go, IdleTimeout). What is sent at that very moment is not served.
    """

    def increment(self, *args: Any, **kwargs: Any) -> "Retries":
        """Count a failure; raises what urllib3 raises when it is not to be tried again."""
        error = kwargs.get("error")
        bound = self if error is None or _closed_while_idle(error) else self.new(read=0)
        return super(Retries, bound).increment(*args, **kwargs)


def _closed_while_idle(error: Exception) -> bool:
    cause = error.args[-1] if isinstance(error, urllib3.exceptions.ProtocolError) else None
    return isinstance(cause, (RemoteDisconnected, ConnectionResetError, BrokenPipeError))


RETRIES = Retries(
    total=None,
    connect=0,
    read=1,
    redirect=0,
    other=0,
    status=20,
    status_forcelist=[HTTPStatus.TOO_MANY_REQUESTS],
    allowed_methods=None,
    backoff_factor=0.05,
    backoff_max=2.0,
    raise_on_status=False,
    raise_on_redirect=False,
)
"""The API server itself bounds concurrency: a request beyond what it serves is answered 429, with the time to wait."""
