"""H05: when the first apply of tenants fails, it is tried again within two minutes.

Without retryInterval Flux waits for the whole interval: a platform that was built while one thing was missing stands
without tenants, or without a guardrail that was to come, for up to that long.
"""

import re

from conformance.api import Capability, Control, Level, Scenario, check, eventually, expect, expect_none, given

NEXT = re.compile(r"next try in (?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?")
WITHIN_S = 120.0


@check(
    "H05",
    level=Level.HARDENED,
    control=Control.RETRY,
    kills=["M70-no-retry"],
    needs=[Capability.FLUX_PROCESSES],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#retry-interval",
    source="catalogue H05, finding 10; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:298",
    signal='the controller\'s log: "Reconciliation failed after …, next try in 1m0s"; then Ready=True',
    long=True,
)
def test_h05_recovery(scenario: Scenario) -> None:
    """Let a first apply fail, read when the next is due, and mend what was missing."""
    platform, tenants = scenario.platform, scenario["Kustomization/h05-tenants"]
    fleet = scenario.fleet_branch()
    fleet.write("tenants/late-h05.yaml", scenario["ConfigMap/h05-made"].manifest)
    fleet.commit("add a ConfigMap whose namespace is missing")
    sync = fleet.sync("tenants")
    given(tenants).is_denied(reason="ReconciliationFailed", message='namespaces "late-h05" not found')

    lines = eventually(
        lambda: [one for one in scenario.log_lines("kustomize-controller", "next try in") if f'"{sync.name}"' in one],
        bool,
        timeout_s=platform.timeouts.hold_window,
        what="the controller says when it tries again",
    )
    found = NEXT.search(lines[0])
    hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    wait = hours * 3600 + minutes * 60 + seconds
    late = [] if 0 < wait <= WITHIN_S else [found[0] if found else lines[0]]
    expect_none(scenario, late, f"{sync} is tried again too late", wanted=f"within {WITHIN_S:g} s")
    given(scenario["Namespace/late-h05"].submit()).is_admitted()
    scenario.request_reconcile(sync)
    expect(tenants).becomes_ready(timeout_s=platform.timeouts.reconciled)
