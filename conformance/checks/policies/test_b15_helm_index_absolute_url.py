"""B15: the index of a permitted Helm repository does not send source-controller to another host.

An index may give each chart's address in full. No setting of Flux compares it with anything; an OCI repository has no
index.
"""

from conformance.api import Control, Level, Scenario, check, describe, eventually, expect_that, given

EARLY = ("Progressing", "NoSourceArtifact", "ProgressingWithRetry")
"""Reasons of a HelmChart that has not been looked at yet, or whose repository has not."""


@check(
    "B15",
    level=Level.PROVISIONAL,
    control=Control.SOURCE_POLICY,
    source="catalogue B15, finding 7; source-controller@v1.9.3/internal/helm/repository/chart_repository.go:271",
    signal="the HelmChart is not Ready, and the other host gets no request",
    unmutable="no setting of Flux holds this, so none can be taken away",
)
def test_b15_helm_index_absolute_url(scenario: Scenario) -> None:
    """Reconcile a HelmChart whose archive lies, says the index, in the disallowed organisation."""
    # Allowed path first: the repository itself is permitted and can be read.
    given(scenario["HelmRepository/b15-charts"]).becomes_ready()

    evil = scenario["HelmChart/b15-evil"]
    state = eventually(
        evil.live,
        lambda s: describe(s).startswith("Ready=") and not any(f"reason={early}" in describe(s) for early in EARLY),
        timeout_s=scenario.platform.timeouts.reconciled,
        what="the HelmChart is judged",
    )
    requests = scenario.requests("/evil/charts/harmless-1.0.0.tgz")
    seen = f"{len(requests)} requests; {describe(state)}"
    expect_that(not requests, "the index sent source-controller elsewhere", wanted="no request", observed=seen)
