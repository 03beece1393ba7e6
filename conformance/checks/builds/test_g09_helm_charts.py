"""G09: a build does not inflate Helm charts.

helmCharts in kustomization.yaml would start helm in the controller, with its environment, and pull from any address.
"""

from conformance.api import Control, Level, Scenario, check, describe, expect, expect_none, given


@check(
    "G09",
    level=Level.CORE,
    control=Control.PLUGINS_OFF,
    kills=["M32-helm-charts"],
    source="catalogue G09; pkg/kustomize@v1.35.3 kustomize_generator.go:681",
    signal='Ready=False/BuildFailed "must specify --enable-helm"; no request for the chart; the ConfigMap is absent',
)
def test_helm_charts(scenario: Scenario) -> None:
    inflated = scenario["Kustomization/g09-inflated"]

    given(scenario["Kustomization/g09-plain"]).becomes_ready()

    # Started, helm fails in one way or another; so ask for its traces first. Nobody else knows the address /g09/.
    state = describe(given(inflated).is_judged(reason="BuildFailed"))
    started = [state] if "unable to run: 'helm" in state else []
    expect_none(scenario, started, "the build started helm", wanted="no process")
    requests = scenario.requests("/g09/")
    asked = [f"{entry.method} {entry.path}" for entry in requests]
    expect_none(scenario, asked, "the build asked the chart repository", wanted="no request")

    expect(inflated).is_denied(reason="BuildFailed", message="must specify --enable-helm")
    expect(inflated).leaves_no_trace("ConfigMap/g09-loot", namespace="shared-a")
