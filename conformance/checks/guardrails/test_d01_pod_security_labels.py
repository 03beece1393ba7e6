"""D01: every tenant's namespace enforces Pod Security `restricted`, and audits and warns of it.

Enforcement is about Pods only. Audit and warn also speak of the workloads that would make such Pods, at once and to
whoever submits them.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_none, given, pick

MODES = ("enforce", "audit", "warn")


@check(
    "D01",
    level=Level.HARDENED,
    control=Control.POD_SECURITY,
    kills=["M11-psa"],
    spec="https://kubernetes.io/docs/concepts/security/pod-security-admission/",
    source="catalogue D01; fleet-repo/tenants/components/guardrails/kustomization.yaml",
    signal="pod-security.kubernetes.io/enforce, audit and warn are restricted on each tenant's Namespace",
)
def test_d01_pod_security_labels(scenario: Scenario) -> None:
    """Read the labels of the checks' tenants, and of the fleet's own."""
    for subject in scenario.subjects:
        state = given if subject.ref.kind == "ConfigMap" else expect
        state(subject).contains_wanted()
    for tenant in scenario.platform.tenants.values():
        namespace = scenario.existing(f"Namespace/{tenant}", "")
        labels = pick(namespace.live(), "metadata", "labels") or {}
        lacking = [mode for mode in MODES if labels.get(f"pod-security.kubernetes.io/{mode}") != "restricted"]
        expect_none(scenario, lacking, f"{namespace.ref} lacks Pod Security labels", wanted="restricted")
