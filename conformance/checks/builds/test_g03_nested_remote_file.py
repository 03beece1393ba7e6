"""G03: a build does not take a file from a remote server, in a base of the repository either.

A documented limit, as G02: a base of the own repository names the file, so that the folder which is built does not.
"""

from conformance.api import Control, Level, Scenario, check, describe, expect, expect_that, given


@check(
    "G03",
    level=Level.PROVISIONAL,
    control=Control.NO_REMOTE_BASES,
    source="catalogue G03, finding 3; kustomize/api@v0.21.1 internal/loader/fileloader.go:293",
    signal="Ready=False, no request for the file at the server, and the ConfigMap is absent",
    unmutable="no setting of Flux holds this, so none can be taken away",
)
def test_nested_remote_file(scenario: Scenario) -> None:
    remote = scenario["Kustomization/g03-outer-remote"]

    given(scenario["Kustomization/g03-outer-local"]).becomes_ready()

    state = describe(given(remote).is_judged(reason="BuildFailed"))
    requests = scenario.requests("/raw/g03.yaml")
    expect_that("Ready=False" in state, "the build was not refused", wanted="Ready=False", observed=state)
    expect_that(
        not requests, "the remote file was asked for", wanted="no request", observed=f"{len(requests)} requests"
    )
    expect(remote).leaves_no_trace("ConfigMap/g03-remote-nested", namespace="shared-a")
