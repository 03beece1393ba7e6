"""A02: kustomize-controller runs with --no-remote-bases=true.

Without the flag a tenant's kustomization.yaml may load bases from any git server, past the allowlist of sources: what
is applied is then no longer what was reviewed, and the controller calls servers of the tenant's choice.
"""

from conformance.api import Control, Scenario, check, expect


@check(
    "A02",
    control=Control.NO_REMOTE_BASES,
    kills=["M02"],
    source="catalogue A02; kustomize-controller@v1.9.3/main.go:116",
    signal="args of the live Deployment and of the running process: --no-remote-bases=true",
)
def test_a02_remote_bases_flag(scenario: Scenario) -> None:
    """Read the Deployment's and the process's arguments."""
    expect(scenario["Deployment/kustomize-controller"]).runs_with_wanted_arguments()
