"""G07: a build does not take a patch, transformer, generator's file or schema from a remote server.

A documented limit, as G02: every field of kustomization.yaml that names a file may name an address.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, describe, expect_that, given


@check(
    "G07",
    level=Level.PROVISIONAL,
    control=Control.NO_REMOTE_BASES,
    source="catalogue G07, finding 3; kustomize/api@v0.21.1 internal/loader/fileloader.go:293",
    signal="Ready=False/BuildFailed, and no request for the file at the server",
    unmutable="no setting of Flux holds this, so none can be taken away",
)
@pytest.mark.parametrize("part", ["patch", "transformer", "generator", "openapi"])
def test_remote_parts(scenario: Scenario, part: str) -> None:
    given(scenario["Kustomization/g07-local"]).becomes_ready()

    state = describe(given(scenario[f"Kustomization/g07-{part}"]).is_judged(reason="BuildFailed"))
    requests = scenario.requests(f"/raw/g07-{part}.")
    expect_that("Ready=False" in state, "the build was not refused", wanted="Ready=False", observed=state)
    expect_that(
        not requests, "the remote file was asked for", wanted="no request", observed=f"{len(requests)} requests"
    )
