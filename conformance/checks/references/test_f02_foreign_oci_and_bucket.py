"""F02: a tenant cannot reconcile from another namespace's OCIRepository or Bucket.

The same reference as to a GitRepository, looked up by other lines of the controller: each kind has to be refused.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, eventually, expect, given, pick

ATTACKS = {
    "ocirepository": ("OCIRepository/shared-b/f02-manifests", "f02-victim", "f02-oci-from-oci"),
    "bucket": ("Bucket/f02-buckets/f02-manifests", "f02-victim-of-bucket", "f02-bucket-from-oci"),
}


@check(
    "F02",
    level=Level.CORE,
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-kustomize"],
    source="catalogue F02; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go:680",
    signal='Ready=False/AccessDenied "cross-namespace references have been blocked", Stalled; the ConfigMap is absent',
)
@pytest.mark.parametrize("kind", ATTACKS)
def test_foreign_oci_and_bucket(scenario: Scenario, kind: str) -> None:
    source, victim, loot = ATTACKS[kind]
    foreign = scenario[f"Kustomization/f02-{kind}"]

    given(scenario["OCIRepository/f02-manifests"]).becomes_ready()
    if kind == "bucket":
        fill_bucket(scenario)
    given(scenario[f"Kustomization/{victim}"]).becomes_ready()

    expect(foreign).is_denied(
        reason="AccessDenied", message=(source, "cross-namespace references have been blocked"), stalled=True
    )
    expect(foreign).leaves_no_trace(f"ConfigMap/{loot}", namespace="shared-a")


def fill_bucket(scenario: Scenario) -> None:
    """Give the suspended Bucket the artifact of the OCIRepository, and let its victim take it up."""
    repository, victim = scenario["OCIRepository/f02-manifests"], scenario["Kustomization/f02-victim-of-bucket"]
    # source-controller writes the condition first, the artifact after it.
    status = eventually(
        lambda: pick(repository.live(), "status") or {},
        lambda found: "artifact" in found,
        timeout_s=scenario.platform.timeouts.reconciled,
        what=f"{repository.ref} has an artifact",
    )
    body = {"status": {"artifact": status["artifact"], "conditions": status["conditions"]}}
    scenario.platform.client.patch(scenario["Bucket/f02-manifests"].ref, body, subresource="status")
    scenario.request_reconcile(victim.ref)
