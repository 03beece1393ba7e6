"""B35: the tenants' policies leave other namespaces alone.

A policy that also binds the platform breaks its own sources, and is switched off at the first incident. The sources
made here have the addresses that tenants are refused, and become ready: no denial of B01-B04 is that of a dead host.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B35",
    control=Control.POLICY_SCOPE,
    kills=["M08"],
    source="catalogue B35; apiserver@v0.36.3/pkg/admission/plugin/webhook/predicates/namespace/matcher.go",
    signal="every object is admitted; GitRepository, HelmRepository and OCIRepository become Ready=True",
)
def test_b35_outside_tenants(scenario: Scenario) -> None:
    """Submit, in a namespace without the tenant label, what is refused to tenants."""
    platform = scenario.platform
    addresses = {
        "GitRepository/b35-git": f"{platform.evil_git_url}/x",
        "HelmRepository/b35-charts": f"{platform.evil_git_url}/charts",
        "OCIRepository/b35-oci": f"{platform.evil_oci_url}/manifests/harmless",
    }
    sources = [scenario[label].with_fields({"spec.url": url}) for label, url in addresses.items()]
    for source in sources:
        expect(source.submit()).is_admitted()
    for label in ("Bucket/b35-bucket", "Kustomization/b35-elsewhere", "Pod/b35-pod"):
        expect(scenario[label].submit()).is_admitted()

    # The platform's own namespace is no tenant's either.
    inside = scenario["GitRepository/b35-platform"].with_fields({"spec.url": f"{platform.evil_git_url}/x"})
    expect(inside.submit(dry_run=True)).is_admitted()

    # The disallowed organisation is alive on all three servers.
    for source in sources:
        given(source).becomes_ready()
