"""A platform that did not come up because a firewall of this machine stops its nodes says so."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.fake_docker import FakeDocker, docker
from support.kind_provider import provider

from conformance.errors import ProviderError
from conformance.process import run
from conformance.providers import firewall

__all__ = ["docker"]


@pytest.mark.parametrize(("code", "error"), [(124, ""), (1, "bash: connect: No route to host")])
def test_a_firewall_between_the_node_and_the_servers_is_named(
    docker: FakeDocker, tmp_path: Path, code: int, error: str
) -> None:
    made = provider(docker, tmp_path)
    made._gateway, made._host = "127.0.0.1", cast("Any", object())
    docker.says("exec", code=code, error=error)
    with pytest.raises(ProviderError, match=r"cannot reach this machine at 127\.0\.0\.1") as told:
        made.broken()
    assert "ufw, firewalld" in told.value.hint
    (asked,) = [line for line in docker.asked if line.startswith("exec")]
    assert " timeout 5 bash -c exec 3<>/dev/tcp/127.0.0.1/" in asked


@pytest.mark.parametrize(
    ("code", "error"),
    [(0, ""), (127, "bash: not found"), (1, "Error response from daemon: container 1 is not running")],
)
def test_a_node_that_cannot_try_accuses_nobody(docker: FakeDocker, tmp_path: Path, code: int, error: str) -> None:
    made = provider(docker, tmp_path)
    made._gateway, made._host = "127.0.0.1", cast("Any", object())
    docker.says("exec", code=code, error=error)
    made.broken()


def test_what_comes_through_is_no_firewall() -> None:
    """The node's own words, run here by a real bash."""

    def here(_node: str, argv: list[str]) -> str:
        return run(argv, timeout_s=20).stdout

    def nobody_listens(_node: str, argv: list[str]) -> str:
        return run([*argv[:-1], "exec 3<>/dev/tcp/127.0.0.1/1"], timeout_s=20).stdout

    assert not firewall.stops(cast("Any", SimpleNamespace(in_node=here)), "node", "127.0.0.1")
    assert firewall.stops(cast("Any", SimpleNamespace(in_node=nobody_listens)), "node", "127.0.0.1")
    assert not firewall.stops(cast("Any", SimpleNamespace(in_node=here)), "node", "192.0.2.1")
