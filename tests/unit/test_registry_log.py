"""What the registry's log tells."""

from datetime import UTC, datetime
from pathlib import Path

from conformance.artifacts.registry import listening_port, read_pulls, registry_config

LOG = """\
time="2026-11-21T02:50:14Z" level=info msg="not JSON"
{"level":"info","msg":"redis not configured","time":"2026-11-21T02:50:14.673175902Z"}
{"level":"info","msg":"listening on 127.0.0.1:43775","time":"2026-11-21T02:50:14.674312918Z"}
{"http.request.method":"GET","http.request.uri":"/v2/example/x/manifests/1.0.0","http.request.useragent":"Helm/4.3",\
"http.response.status":200,"level":"info","msg":"response completed","time":"2026-11-21T02:50:16.154026121Z"}
{"http.request.method":"GET","http.requ"""


def test_the_port_is_the_one_that_it_listens_on() -> None:
    assert listening_port(LOG) == 43775
    assert listening_port("") == 0


def test_answered_requests_are_pulls_and_a_half_line_is_none() -> None:
    (pull,) = read_pulls(LOG)
    assert (pull.method, pull.path, pull.user_agent, pull.status) == (
        "GET",
        "/v2/example/x/manifests/1.0.0",
        "Helm/4.3",
        200,
    )
    assert pull.time.replace(microsecond=0) == datetime(2026, 11, 21, 2, 50, 16, tzinfo=UTC)


def test_nothing_but_loopback_and_no_debug_server() -> None:
    http = registry_config(Path("data"), 0)["http"]
    assert isinstance(http, dict)
    assert http["addr"] == "127.0.0.1:0"
    assert "debug" not in http
