"""What an engine changes on the host besides its own files, and how it is put back."""

import json
import re
from pathlib import Path

from conformance import process
from conformance.errors import ProcessError
from kind_lab.layout import RUN

TIMEOUT_S = 120.0
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
BRIDGE = Path("/sys/class/net/docker0")
RECORD = RUN / "before.json"
_OF_DOCKER = re.compile(r"\bDOCKER\b|\bDOCKER-|\bdocker0\b")


def remember() -> None:
    """Record what the engine is about to change, unless that is done: a second start finds it changed."""
    if RECORD.exists():
        return
    rules = _rules()
    before = {
        "forwarding": FORWARDING.read_text(encoding="utf-8").strip(),
        "policy": forward_policy(rules),
        "bridge": BRIDGE.exists(),
        "chains": ":DOCKER" in rules,
    }
    RECORD.write_text(json.dumps(before), encoding="utf-8")


def forward_policy(rules: str) -> str:
    """Return the policy of the chain FORWARD in the output of `iptables-save`; ACCEPT is the kernel's own."""
    found = re.search(r"^:FORWARD (\w+)", rules, re.MULTILINE)
    return found.group(1) if found else "ACCEPT"


def restore() -> None:
    """Remove the engine's bridge and rules, and set back what was recorded; harmless when there is nothing.

    A bridge and chains that were there before are another engine's too: they stay.

    Raises:
        ProcessError: iptables refuses.
    """
    if not RECORD.exists():
        return
    before = json.loads(RECORD.read_text(encoding="utf-8"))
    if BRIDGE.exists() and not before.get("bridge"):
        process.run(["ip", "link", "delete", BRIDGE.name], timeout_s=TIMEOUT_S)
    if before.get("chains"):
        process.run(["iptables", "--policy", "FORWARD", before["policy"]], timeout_s=TIMEOUT_S)
    else:
        process.run(["iptables-restore"], timeout_s=TIMEOUT_S, stdin=without_docker(_rules(), before["policy"]))
    FORWARDING.write_text(before["forwarding"], encoding="utf-8")
    RECORD.unlink()


def without_docker(rules: str, policy: str) -> str:
    """Return the output of `iptables-save` without chains and rules of Docker, with this policy of FORWARD."""
    kept = [line for line in rules.splitlines() if not _OF_DOCKER.search(line)]
    return re.sub(r"^:FORWARD \w+", f":FORWARD {policy}", "\n".join([*kept, ""]), flags=re.MULTILINE)


def _rules() -> str:
    try:
        return process.run(["iptables-save"], timeout_s=TIMEOUT_S).stdout
    except ProcessError:
        return ""  # no iptables yet: nothing of Docker either
