"""G14: a build does not take a base above its artifact.

A base is a directory, and is entered by other code than a file is read: what holds for G13 must hold there too.
"""

from conformance.api import Capability, Control, Level, Scenario, check, describe, expect, expect_none, given


@check(
    "G14",
    level=Level.CORE,
    control=Control.SECURE_FILE_SYSTEM,
    kills=["M30-insecure-fs", "M69-insecure-directories"],
    source="catalogue G14; pkg/kustomize@v1.35.3 filesys/fs_secure.go:173",
    signal='Ready=False/BuildFailed "must build at directory", "fs-security-constraint abs", "is not in or below"; '
    "no inventory",
    needs=[Capability.FLUX_PROCESSES],
)
def test_relative_base(scenario: Scenario) -> None:
    outside = scenario["Kustomization/g14-outside"]

    given(scenario["Kustomization/g14-inside"]).becomes_ready()

    # /etc is no base. That the build says so would mean that it went there and looked.
    state = describe(given(outside).is_judged(reason="BuildFailed"))
    looked = [state] if "is a directory" in state or "unable to find one of" in state else []
    expect_none(scenario, looked, "the build looked at a directory outside", wanted="not opened")

    denied = expect(outside).is_denied(
        reason="BuildFailed", message=("must build at directory", "fs-security-constraint abs", "is not in or below")
    )
    inventory = ["an inventory"] if "inventory" in denied["status"] else []
    expect_none(scenario, inventory, "objects are in an inventory")
    lines = scenario.log_lines("kustomize-controller", '"name":"g14-outside"')
    applied = [line for line in lines if "server-side apply" in line]
    expect_none(scenario, applied, "objects were applied", wanted="no line of it")
