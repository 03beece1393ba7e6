"""B07: a tenant cannot turn an existing source to an address outside the allowlist.

A policy that looks at CREATE only is passed in two steps: make a permitted source, then change its address.
"""

from conformance.api import Control, Scenario, check, expect, expect_that, given, pick


@check(
    "B07",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide", "M24-update"],
    source="catalogue B07; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-sources ... denied request", "is not allowed"; the stored spec.url is unchanged',
)
def test_b07_update_url(scenario: Scenario) -> None:
    """Patch spec.url to the disallowed organisation."""
    own = scenario["GitRepository/b07-own"]
    evil = f"{scenario.platform.evil_git_url}/x"

    # Allowed path first: the tenant may change its source, and the source works.
    given(scenario.patch(own.ref, {"spec": {"interval": "11m"}}, as_tenant="shared-a")).is_admitted()
    given(own).becomes_ready()

    answer = scenario.patch(own.ref, {"spec": {"url": evil}}, as_tenant="shared-a")
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    wanted, stored = own.manifest["spec"]["url"], pick(own.live(), "spec", "url")
    expect_that(stored == wanted, f"{own.ref} was changed", wanted=f"spec.url={wanted}", observed=f"spec.url={stored}")
