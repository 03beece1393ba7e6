"""A15: no controller has a feature gate on that opens external artifacts or name lookups to tenants.

ExternalArtifact lets a tenant apply an artifact that no source policy has seen. AllowDNSLookups lets a chart's template
ask name servers, which carries anything out of the cluster that the template can read.
"""

from conformance.api import Control, Scenario, check, expect_none, feature_gates

GATES = ("ExternalArtifact", "AllowDNSLookups")
WATCHER = "source-watcher"


@check(
    "A15",
    control=Control.FEATURE_GATES,
    kills=["M74-external-artifact-kustomize", "M74-dns-lookups-helm", "M91-external-artifacts"],
    source="catalogue A15; helm-controller@v1.6.2 and kustomize-controller@v1.9.3: internal/features/features.go",
    signal="--feature-gates switches on neither ExternalArtifact nor AllowDNSLookups",
)
def test_a15_feature_gates(scenario: Scenario) -> None:
    """Read the gates of both appliers."""
    watched = scenario.existing(f"Deployment/{WATCHER}", scenario.platform.flux_namespace).live() is not None
    for controller in ("kustomize-controller", "helm-controller"):
        for where, arguments in scenario.arguments(controller).items():
            on = feature_gates(arguments)
            # Where source-watcher is installed, external artifacts are what it is for.
            opened = sorted((on & set(GATES)) - ({"ExternalArtifact"} if watched else set()))
            what = f"{controller}: its {where} has gates on"
            expect_none(scenario, opened, what, wanted=f"neither {' nor '.join(GATES)}", observed=", ".join(opened))
