"""How the client logs in with kubeconfigs as users have them; the server only notes who came."""

import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.errors import KubeError
from conformance.kube.reading import AGENT, ReadingClient

TOKEN = "abc.def"
CREDENTIAL = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": TOKEN}}


class Noting(BaseHTTPRequestHandler):
    came: list[dict[str, str]]

    def do_GET(self) -> None:
        self.came.append(dict(self.headers))
        body = b'{"gitVersion":"v1.34.1"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, str]]]]:
    handler = type("Handler", (Noting,), {"came": []})
    running = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", handler.came
    running.shutdown()
    running.server_close()


def config(address: str, user: dict[str, Any], context: str = "here") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "there", "cluster": {"server": address}}],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": context, "context": {"cluster": "there", "user": "me"}}],
        "current-context": "elsewhere",
    }


def log_in(path: str) -> None:
    client = ReadingClient.from_kubeconfig(path, timeout_s=5, user_agent=AGENT, context="here")
    assert client.version() == "v1.34.1"
    client.close()


def users(folder: Path) -> dict[str, dict[str, Any]]:
    (folder / "token").write_text(TOKEN)
    say = f"print({json.dumps(json.dumps(CREDENTIAL))})"
    command = {"apiVersion": CREDENTIAL["apiVersion"], "command": sys.executable, "args": ["-c", say]}
    return {
        "token": {"token": TOKEN},
        "file": {"tokenFile": str(folder / "token")},
        "command": {"exec": {**command, "interactiveMode": "Never"}},
    }


@pytest.mark.parametrize("kind", ["token", "file", "command"])
def test_each_way_to_log_in_is_taken_and_the_file_is_left_alone(
    server: tuple[str, list[dict[str, str]]], tmp_path: Path, kind: str
) -> None:
    address, came = server
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config(address, users(tmp_path)[kind])))
    path.chmod(stat.S_IRUSR)
    before = path.read_bytes()
    log_in(str(path))
    assert [(one["Authorization"], one["User-Agent"]) for one in came] == [(f"Bearer {TOKEN}", AGENT)]
    assert path.read_bytes() == before


def test_several_files_are_one_kubeconfig(server: tuple[str, list[dict[str, str]]], tmp_path: Path) -> None:
    address, came = server
    whole = config(address, {"token": TOKEN})
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(yaml.safe_dump({key: whole[key] for key in ("apiVersion", "kind", "clusters", "current-context")}))
    two.write_text(yaml.safe_dump({key: whole[key] for key in ("apiVersion", "kind", "users", "contexts")}))
    log_in(os.pathsep.join([str(one), str(two)]))
    assert len(came) == 1


def test_a_kubeconfig_that_does_not_add_up_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump({**config("http://127.0.0.1:1", {}), "clusters": []}))
    with pytest.raises(KubeError, match=r"kubeconfig '.*config': "):
        log_in(str(path))
