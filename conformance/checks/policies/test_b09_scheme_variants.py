"""B09: a permitted address does not pass the allowlist under another scheme.

The list is compared as text. Another scheme is another server, or another way to log in, at the address that somebody
looked at when it was permitted; capital letters would be compared with nothing.
"""

from conformance.api import Control, Scenario, check, expect, given

INVALID = 422


@check(
    "B09",
    control=Control.ALLOWLIST,
    kills=["M05-sources", "M06-wide", "M29-capitals"],
    source="catalogue B09; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294; "
    "source-controller@v1.9.3/api/v1/gitrepository_types.go, GitRepositorySpec.URL",
    signal='422 "spec.url in body should match" for capitals; 403 "is not allowed" for https:// and ssh://',
)
def test_b09_scheme_variants(scenario: Scenario) -> None:
    """Submit the permitted address with capitals, with https:// and with ssh://."""
    own = scenario["GitRepository/b09-own"]
    # Allowed path first: the same address as it was permitted.
    given(own).becomes_ready()
    _, _, address = own.manifest["spec"]["url"].partition("://")

    capitals = scenario["GitRepository/b09-capitals"].with_fields({"spec.url": f"HTTP://{address}"}).submit()
    expect(capitals).is_refused(status=INVALID, message="spec.url in body should match")
    tls = scenario["GitRepository/b09-tls"].with_fields({"spec.url": f"https://{address}"}).submit()
    expect(tls).is_refused(message=(scenario.denial("sources"), f'"https://{address}" is not allowed'))
    ssh = scenario["GitRepository/b09-ssh"].with_fields({"spec.url": f"ssh://git@{address}"}).submit()
    expect(ssh).is_refused(message=(scenario.denial("sources"), f'"ssh://git@{address}" is not allowed'))
    for name in ("capitals", "tls", "ssh"):
        expect(ssh).leaves_no_trace(f"GitRepository/b09-{name}", namespace="shared-a")
