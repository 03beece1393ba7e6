"""Ports that are chosen before somebody binds them."""

import socket
from pathlib import Path

import pytest

from conformance.providers import protocol
from conformance.providers.protocol import LOOPBACK, free_ports


@pytest.fixture
def outgoing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "ip_local_port_range"
    monkeypatch.setattr(protocol, "_OUTGOING", path)
    return path


def test_no_outgoing_connection_is_given_one_of_them(outgoing: Path) -> None:
    outgoing.write_text("12000\t60999\n")
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(10_000 <= port < 12_000 for port in ports)
    assert ports != sorted(ports), "two runs would try the same ones first"


def test_what_is_in_use_is_passed_over(outgoing: Path) -> None:
    outgoing.write_text("10003 60999")
    with socket.socket() as held:
        held.bind((LOOPBACK, 10_001))
        assert 10_001 not in free_ports(2)


@pytest.mark.parametrize("text", [None, "", "none", "10000 60999"])
def test_without_any_others_the_kernel_chooses(outgoing: Path, text: str | None) -> None:
    if text is not None:
        outgoing.write_text(text)
    assert len(set(free_ports(3))) == 3
