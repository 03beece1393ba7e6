"""J13: source-controller is built with a go-git that has the fixes of 2026.

CVE-2026-45022, CVE-2026-45570 and CVE-2026-45571: a crafted repository writes into .git folders, or reaches a shell
through the address of an SSH remote. Tenants choose the repositories. The fixes came with 1.8.5.
"""

from conformance.api import Control, Level, Scenario, check, expect_that

FIXED = (1, 8, 5)


@check(
    "J13",
    level=Level.PROVISIONAL,
    control=Control.FIXED_VERSION,
    spec="https://github.com/advisories/GHSA-crhj-59gh-8x96",
    source="catalogue J13; source-controller@v1.9.3 CHANGELOG.md, releases 1.8.4 and 1.8.5",
    signal="the version of the live source-controller is 1.8.5 or newer",
    unmutable="a version is read; what was wrong before it is in no build of this suite",
)
def test_go_git(scenario: Scenario) -> None:
    version = scenario.component_version("source-controller")
    expect_that(
        version >= FIXED,
        "vulnerable version of source-controller",
        wanted=f"{'.'.join(map(str, FIXED))} or newer",
        observed=".".join(map(str, version)),
    )
