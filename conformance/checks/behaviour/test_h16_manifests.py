"""H16: every overlay of the fleet and of the tenants builds, and the API server knows every field and version in it.

A field that is misspelt is one that is not set. Where it was a guardrail, Git shows it and the cluster lacks it.
"""

from pathlib import Path

from conformance.api import Control, Scenario, check, expect_none, given


@check(
    "H16",
    control=Control.MANIFESTS,
    kills=["M81-manifest-misspelt", "M81-manifest-outdated"],
    spec="https://fluxcd.io/flux/cmd/flux_migrate/",
    source="catalogue H16; flux@v2.9.2 migrate, kubectl apply --dry-run=server --validate=strict",
    signal="kustomize builds; the strict dry-run refuses nothing; `flux migrate` changes nothing",
)
def test_h16_manifests(scenario: Scenario) -> None:
    """Build what this cluster applies, migrate it, and let the API server judge it."""
    given(scenario["Kustomization/tenants"]).contains_wanted()
    platform = scenario.platform
    fleet, folders = platform.fleet, platform.fleet.folders(scenario.environment)
    checkout = scenario.checkout()
    parts = (fleet.entry(scenario.environment), folders.policies, folders.tenants)
    _judge(scenario, checkout, [checkout / name for name in parts])
    for tenant in platform.tenants:
        checkout = scenario.checkout(tenant)
        _judge(scenario, checkout, [checkout / scenario.environment])


def _judge(scenario: Scenario, checkout: Path, overlays: list[Path]) -> None:
    manifests = [scenario.build(overlay) for overlay in overlays]
    old = scenario.migrate(checkout)
    expect_none(scenario, old, "manifests have API versions of the past")
    for overlay, text in zip(overlays, manifests, strict=True):
        refused = scenario.dry_run(text)
        where = overlay.relative_to(checkout)
        what = f"the API server refuses manifests of {where}"
        expect_none(scenario, [refused] if refused else [], what, wanted="accepted")
