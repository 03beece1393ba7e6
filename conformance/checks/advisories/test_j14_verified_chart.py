"""J14: the chart that is fetched is the one whose signature was verified (since source-controller 1.9.4).

A tag can move. Verified by its tag and fetched by its tag again, a chart may have been another one in between; a
release with the fix asks the registry for the digest that it has verified.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, given, given_that, pick

FIXED = (1, 9, 4)


@check(
    "J14",
    level=Level.PROVISIONAL,
    control=Control.SOURCE_VERIFICATION,
    source="catalogue J14; source-controller 1.9.4, pull request 2125",
    signal='an unsigned chart is Ready=False, VerificationError or Unknown, "… no signatures found"; '
    "of the signed one the registry is asked by digest",
    unmutable="releases before the fix are the mutant: the row is reported there, and never judged",
)
def test_verified_chart(scenario: Scenario) -> None:
    version = scenario.component_version("source-controller")
    digest, key = scenario.signed_chart("lookup", "1.0.0")
    secret = scenario["Secret/j14-key"].manifest
    given(scenario.create({**secret, "stringData": {"cosign.pub": key}}, as_tenant="shared-a")).is_admitted()
    signed, unsigned = scenario["HelmChart/j14-signed"], scenario["HelmChart/j14-unsigned"]
    for chart in (signed, unsigned):
        given(chart.submit()).is_admitted()
    given(signed).becomes_ready()

    # The same words come as VerificationError or as Unknown, by chance (ADR 0018).
    said = ("chart verification error", "no signatures found")
    denied = expect(unsigned).is_denied(reason=("VerificationError", "Unknown"), message=said)
    expect_that(not pick(denied, "status", "artifact"), "it has an artifact", wanted="none", observed="an artifact")

    # The verifier asks first, helm last; nobody else fetches this chart from the registry.
    asked = [pull for pull in scenario.pulls("/charts/lookup/manifests/") if "helm" in pull.user_agent]
    given_that(asked, "the registry was not asked for the chart")
    expect_that(
        version >= FIXED and asked[-1].path.endswith(digest),
        f"vulnerable version: source-controller {'.'.join(map(str, version))} fetches what it verified by its tag",
        wanted=f"{'.'.join(map(str, FIXED))} or newer; {digest}",
        observed=asked[-1].path.rpartition("/")[2],
    )
