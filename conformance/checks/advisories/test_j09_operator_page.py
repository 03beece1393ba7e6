"""J09: the Flux Operator's web page is off, and its version has the fix of CVE-2026-23990.

From 0.36.0 on the page acted with the operator's own rights for users whose login carried no claims; 0.40.0 mended it.
A page that nobody needs is best not served at all.
"""

from conformance.api import Capability, Control, Scenario, argument, check, expect_that

FIXED = (0, 40, 0)
FLAG = "--web-server-port"


@check(
    "J09",
    control=Control.OPERATOR_PAGE,
    kills=["M18-page"],
    needs=[Capability.FLUX_OPERATOR],
    spec="https://nvd.nist.gov/vuln/detail/CVE-2026-23990",
    source="catalogue J09; flux-operator@v0.59.0/cmd/operator/main.go:122",
    signal="image v0.40.0 or newer; --web-server-port=0 in the live Deployment and in the running process",
)
def test_j09_operator_page(scenario: Scenario) -> None:
    """Read version and arguments of the operator."""
    version = scenario.component_version("flux-operator")
    expect_that(
        version >= FIXED,
        "vulnerable version of flux-operator",
        wanted=f"{'.'.join(map(str, FIXED))} or newer",
        observed=".".join(map(str, version)),
    )
    for where, arguments in scenario.arguments("flux-operator").items():
        said = argument(arguments, FLAG)
        expect_that(
            said == f"{FLAG}=0",
            f"flux-operator: its {where} serves the web page",
            wanted=f"{FLAG}=0",
            observed=said or f"{FLAG} is absent",
        )
