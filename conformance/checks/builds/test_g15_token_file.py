"""G15: a build does not read the controller's token.

The token of kustomize-controller may impersonate everybody. Its path is the same in every cluster, so that a tenant
needs no luck to name it.
"""

from conformance.api import Control, Level, Scenario, check, describe, expect, expect_none, given


@check(
    "G15",
    level=Level.CORE,
    control=Control.SECURE_FILE_SYSTEM,
    kills=["M30-insecure-fs", "M69-insecure-directories"],
    source="catalogue G15; pkg/kustomize@v1.35.3 filesys/fs_secure.go:249",
    signal='Ready=False/BuildFailed "fs-security-constraint read /var/run/secrets/kubernetes.io/serviceaccount/token"; '
    "the Secret is absent",
)
def test_token_file(scenario: Scenario) -> None:
    outside = scenario["Kustomization/g15-outside"]

    given(scenario["Kustomization/g15-inside"]).becomes_ready()

    # Where a controller runs without such a file, the attempt to open it is the harm.
    state = describe(given(outside).is_judged(reason="BuildFailed"))
    opened = [state] if "no such file" in state or "Ready=True" in state else []
    expect_none(scenario, opened, "the build opened the token's path", wanted="not opened")

    path = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    expect(outside).is_denied(
        reason="BuildFailed", message=(f"fs-security-constraint read {path}", "is not in or below")
    )
    expect(outside).leaves_no_trace("Secret/g15-loot", namespace="shared-a")
