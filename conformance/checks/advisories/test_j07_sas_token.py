"""J07: CVE-2024-31216: source-controller does not write the token of an Azure Bucket to its log.

The token is part of an address, and errors name addresses. Whoever reads the platform's logs could read the Bucket.
Tenants of this fleet have no Buckets (B17); the platform may.
"""

from conformance.api import Capability, Control, Level, Scenario, check, describe, eventually, expect_that, given

FAILURE = "failed to confirm existence of 'j07' bucket"


@check(
    "J07",
    level=Level.PROVISIONAL,
    control=Control.ADDRESS_MASKING,
    spec="https://github.com/advisories/GHSA-v554-xwgw-hc3w",
    source="catalogue J07; source-controller@v1.9.3 internal/error/sanitized.go:35",
    signal='Ready=False/BucketOperationFailed, and no line of the log contains "sig="',
    needs=[Capability.FLUX_PROCESSES],
    unmutable="the live log decides; no setting of Flux masks it, so none can be taken away",
)
def test_sas_token(scenario: Scenario) -> None:
    bucket = scenario["Bucket/j07-bucket"]
    state = describe(given(bucket).is_judged(reason="BucketOperationFailed"))

    # The condition comes first, and the line that names its error after it: no line yet would be no proof.
    lines = eventually(
        lambda: scenario.log_lines("source-controller", FAILURE),
        bool,
        timeout_s=scenario.platform.timeouts.reconciled,
        what="source-controller logs why the Bucket failed",
    )
    leaked = [line for line in lines if "sig=j07-canary" in line]
    expect_that(not leaked, "the log holds the token", wanted="no line with sig=", observed=f"{len(leaked)} lines")
    expect_that("sig=j07-canary" not in state, "the condition holds the token", wanted="no sig=", observed="sig=")
