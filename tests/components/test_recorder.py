"""The webhook that notifications go to."""

from datetime import UTC, datetime

from support.git_client import ask

from conformance.repos.git_server import GitServer


def test_a_notification_is_kept(server: GitServer) -> None:
    status, _, _ = ask(server, "POST", "/example/events/f21", b'{"message": "hello"}')
    assert status == 200
    [received] = server.received("/f21")
    assert (received.path, received.body) == ("/events/example/f21", '{"message": "hello"}')


def test_only_what_matches_is_returned(server: GitServer) -> None:
    ask(server, "POST", "/events/one", b"1")
    ask(server, "POST", "/events/two", b"2")
    assert [one.body for one in server.received("/two")] == ["2"]
    assert server.received("/two", since=datetime.now(UTC)) == []


def test_what_was_sent_can_be_forgotten(server: GitServer) -> None:
    ask(server, "POST", "/events/one", b"1")
    ask(server, "POST", "/events/two", b"2")
    server.forget("/one")
    assert [one.body for one in server.received("")] == ["2"]
