"""J05: CVE-2022-36049 stays fixed: a HelmRelease cannot make helm-controller fill its memory with a list.

valuesFrom[].targetPath may name an index, and the list is filled up to it. The API admits five digits, and Helm
refuses more than 65536: beyond either, one object would end the controller of all tenants.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "J05",
    level=Level.CORE,
    control=Control.API_PATTERNS,
    kills=["M57-index-pattern"],
    spec="https://github.com/advisories/GHSA-p2g7-xwvr-rrw3",
    source="catalogue J05; helm-controller@v1.6.2 api/v2; helm/v4 pkg/strvals",
    signal='422 "spec.valuesFrom[0].targetPath in body should match"; Ready=False/ValuesError for the largest index',
)
def test_values_index(scenario: Scenario) -> None:
    largest = scenario["HelmRelease/j05-largest"]
    given(scenario["HelmRelease/j05-first"]).becomes_ready()

    # A dry run: where the pattern is gone, the object would fill the memory indeed.
    refused = scenario["HelmRelease/j05-beyond"].submit(dry_run=True)
    expect(refused).is_refused(status=422, message="spec.valuesFrom[0].targetPath in body should match")

    expect(largest).is_denied(reason="ValuesError", message="index of 99999 is greater than maximum supported index")
    expect(largest).leaves_no_trace("Secret/sh.helm.release.v1.j05-largest.v1", namespace="shared-a")
