from pathlib import Path

import pytest

from conformance import settings
from conformance.toolchain.failure import explain, redacted
from conformance.toolchain.recipes import load

LOG = Path("toolchain.log")
ETCD = load("2.9.2", settings.data_dir("toolchain")).build_of("etcd")


@pytest.mark.parametrize(
    "line",
    [
        "go: example.test/a/b@v1.2.3: reading https://proxy.test/a/b/@v/v1.2.3.zip: 404 Not Found",
        "go: example.test/a/b@v1.2.3: reading https://proxy.test/a/b/@v/v1.2.3.info: 410 Gone",
        "go: example.test/a/b@v1.2.3: reading https://proxy.test/a/b/@v/v1.2.3.mod: 403 Forbidden",
        "go: example.test/a/b@v1.2.3: module lookup disabled by GOPROXY=off",
        "go: example.test/a/b@v1.2.3: invalid version: unknown revision v1.2.3",
        "go: example.test/a/b@v1.2.3: unrecognized import path: https fetch: 404",
        "go: example.test/a/b@v1.2.3: open /proxy/example.test/a/b/@v/v1.2.3.zip: no such file or directory",
    ],
)  # fmt: skip
def test_a_module_that_is_not_served_is_named_with_tool_and_version(line: str) -> None:
    text = str(explain(ETCD, f"go: downloading example.test/other v1.0.0\n{line}\n", LOG))
    assert text.startswith("cannot build etcd: module example.test/a/b v1.2.3 is not served")
    assert "GOPROXY" in text
    assert "--flux-toolchain" in text


@pytest.mark.parametrize(
    ("output", "cause", "hint"),
    [
        ("verifying example.test/a/b@v1.2.3: checksum mismatch\nSECURITY ERROR", "example.test/a/b v1.2.3", "restore"),
        ("write /x: no space left on device", "the disk is full", "FLUX_TENANCY_CACHE"),
        ("compile: signal: killed", "out of memory", "GiB"),
        ("go: example.test/a/b@v1.2.3: dial tcp: lookup u: no such host", "cannot be reached", "GOPROXY"),
        ("x.go:1: syntax error", "syntax error", "log"),
    ],
)  # fmt: skip
def test_other_causes_say_what_to_do(output: str, cause: str, hint: str) -> None:
    text = str(explain(ETCD, output, LOG))
    assert "etcd" in text
    assert cause in text
    assert hint in text.split("next", 1)[1]
    assert str(LOG) in text


def test_credentials_of_a_proxy_are_not_shown() -> None:
    assert redacted("reading https://user:secret@proxy.test/x: 404") == "reading https://***@proxy.test/x: 404"
