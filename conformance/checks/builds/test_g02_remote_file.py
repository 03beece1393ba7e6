"""G02: a build does not take a file from a remote server.

A documented limit: --no-remote-bases does not cover http(s) files, and no other setting does.
"""

from conformance.api import Control, Level, Scenario, check, describe, expect, expect_that, given


@check(
    "G02",
    level=Level.PROVISIONAL,
    control=Control.NO_REMOTE_BASES,
    source="catalogue G02, finding 3; kustomize/api@v0.21.1 internal/loader/fileloader.go:293",
    signal="Ready=False, no request for the file at the server, and the ConfigMap is absent",
    unmutable="no setting of Flux holds this, so none can be taken away",
)
def test_remote_file(scenario: Scenario) -> None:
    remote = scenario["Kustomization/g02-remote"]

    given(scenario["Kustomization/g02-local"]).becomes_ready()

    state = given(remote).is_judged(reason="BuildFailed")
    requests = scenario.requests("/raw/remote.yaml")
    expect_that(
        "Ready=False" in describe(state), "the build was not refused", wanted="Ready=False", observed=describe(state)
    )
    expect_that(
        not requests, "the remote file was asked for", wanted="no request", observed=f"{len(requests)} requests"
    )
    expect(remote).leaves_no_trace("ConfigMap/g02-remote-file", namespace="shared-a")
