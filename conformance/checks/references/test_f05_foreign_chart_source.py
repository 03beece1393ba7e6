"""F05: a tenant cannot install a chart from another tenant's HelmRepository.

helm-controller writes the HelmChart of a HelmRelease into the namespace of its source, with its own rights. This denial
shows in no condition: only the log tells it, and the HelmChart that is not there.
"""

from conformance.api import (
    Capability,
    Control,
    Level,
    Scenario,
    check,
    consistently,
    eventually,
    expect,
    expect_none,
    given,
    ref_to,
)

DENIED = "cross-namespace references are not allowed: cannot access HelmChart shared-b/shared-a-f05-foreign"


@check(
    "F05",
    level=Level.CORE,
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-helm"],
    source="catalogue F05, finding 8; helm-controller@v1.6.2 internal/reconcile/helmchart_template.go:114",
    signal='no condition; log "cross-namespace references are not allowed: cannot access HelmChart"; '
    "the HelmChart is absent",
    needs=[Capability.FLUX_PROCESSES],
)
def test_foreign_chart_source(scenario: Scenario) -> None:
    client, timeouts = scenario.platform.client, scenario.platform.timeouts
    chart = ref_to("HelmChart/shared-a-f05-foreign", "shared-b")

    given(scenario["HelmRelease/f05-victim"]).becomes_ready()

    # Whichever comes first is the judgement: the chart in the victim's namespace, or the line in the log.
    found, lines = eventually(
        lambda: (client.find(chart), scenario.log_lines("helm-controller", DENIED)),
        any,
        timeout_s=timeouts.reconciled,
        what="shared-a/HelmRelease/f05-foreign is judged",
        interval_s=0.5,
    )
    scenario.evidence.record("controller-log", "helm-controller", "\n".join(lines))
    appeared = found or consistently(lambda: client.find(chart), lambda s: s is None, for_s=timeouts.hold_window)
    present = [] if appeared is None else ["present"]
    expect_none(scenario, present, f"{chart} exists: the attack had its effect", wanted="absent")
    expect(scenario["HelmRelease/f05-foreign"]).leaves_no_trace("ConfigMap/f05-loot", namespace="shared-a")
