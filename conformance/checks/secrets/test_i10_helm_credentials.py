"""I10: the credential of a HelmRepository is not sent to another host that its index names.

An index is written by whoever runs the repository. If source-controller carried the credential to any address in it, an
index could collect the credentials of all who use it.
"""

import json

from conformance.api import Control, Scenario, check, expect_none, given, given_that

ENTRY = {"apiVersion": "v2", "name": "harmless", "version": "1.0.0"}


@check(
    "I10",
    control=Control.HELM_CREDENTIALS,
    kills=["M53-pass-credentials"],
    spec="https://fluxcd.io/flux/components/source/helmrepositories/#pass-credentials",
    source="catalogue I10; source-controller@v1.9.3/internal/helm/getter/client_opts.go",
    signal="the request for the chart at the other host has no Authorization header; that at the same host has one",
)
def test_i10_helm_credentials(scenario: Scenario) -> None:
    """Fetch one chart at the repository's own host, and one at another."""
    git = scenario.platform.git
    # The same server under another name: what counts as another host is the name.
    cluster = scenario.platform.cluster
    hosts = {"same": git.url, "elsewhere": git.url.replace(cluster.gateway, cluster.gateway_name)}
    organisation = scenario.platform.git_url.rpartition("/")[2]
    for name, host in hosts.items():
        git.publish_charts(f"i10-{name}", scenario.platform.folder / "charts")
        entry = {**ENTRY, "urls": [f"{host}/charts/i10-{name}/harmless-1.0.0.tgz"]}
        index = {"apiVersion": "v1", "entries": {"harmless": [entry]}}
        git.publish_file(f"{organisation}/i10/{name}/index.yaml", json.dumps(index))
        given(scenario[f"HelmRepository/i10-{name}"].submit()).is_admitted()
        given(scenario[f"HelmChart/i10-{name}"].submit()).is_admitted()
    for name in hosts:
        given(scenario[f"HelmChart/i10-{name}"]).becomes_ready()

    # Allowed path first: the credential is used where it belongs.
    own = scenario.requests("/charts/i10-same/")
    given_that(any(entry.authorization == "Basic" for entry in own), "the chart was fetched without the credential")

    foreign = scenario.requests("/charts/i10-elsewhere/")
    given_that(foreign, "the chart of the other host was not fetched")
    sent = sorted({entry.authorization for entry in foreign} - {""})
    expect_none(scenario, sent, "the credential went to another host", wanted="no Authorization")
