"""J09: the Flux Operator's web page is off, and its version has the fix of CVE-2026-23990.

From 0.36.0 on the page acted with the operator's own rights for users whose login carried no claims; 0.40.0 mended it.
A page that nobody needs is best not served at all. The operator's Helm chart says so by a variable, which wins over the
flag.
"""

from conformance.api import Capability, Control, Scenario, check, expect_that

FIXED = (0, 40, 0)
FLAG, VARIABLE = "--web-server-port", "WEB_SERVER_PORT"


@check(
    "J09",
    control=Control.OPERATOR_PAGE,
    kills=["M18-page"],
    needs=[Capability.FLUX_OPERATOR],
    spec="https://nvd.nist.gov/vuln/detail/CVE-2026-23990",
    source="catalogue J09; flux-operator@v0.59.0/cmd/operator/main.go:122, 376",
    signal="image v0.40.0 or newer; --web-server-port=0, or WEB_SERVER_PORT=0, of live Deployment and running process",
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
    for where, said in scenario.operator_setting(FLAG, VARIABLE).items():
        expect_that(
            said in (f"{FLAG}=0", f"{VARIABLE}=0"),
            f"flux-operator: its {where} serves the web page",
            wanted=f"{FLAG}=0 or {VARIABLE}=0",
            observed=said or f"{FLAG} and {VARIABLE} are absent",
        )
