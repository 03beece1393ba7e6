"""A23: of all FluxInstances the Flux Operator obeys the platform's only.

A FluxInstance says which arguments the controllers run with, and where their manifests come from. One in a tenant's
namespace, or a second one of another name, would be a second hand on the lockdown.
"""

from conformance.api import (
    Capability,
    Control,
    Scenario,
    check,
    consistently,
    expect,
    expect_that,
    given,
    pick,
)


@check(
    "A23",
    control=Control.OPERATOR_INSTANCE,
    kills=["M18-any-name", "M18-instances-open"],
    needs=[Capability.FLUX_OPERATOR],
    spec="https://fluxoperator.dev/docs/crd/fluxinstance/",
    source="catalogue A23; flux-operator@v0.59.0/api/v1/fluxinstance_types.go:519, cmd/operator/main.go:233",
    signal="422 \"the only accepted name for a FluxInstance is 'flux'\"; 403 for the tenant; no status in shared-a",
)
def test_a23_other_instances(scenario: Scenario) -> None:
    """Submit a FluxInstance of another name, in another namespace, and as a tenant."""
    platform = scenario.platform
    elsewhere, renamed = scenario["FluxInstance/flux"], scenario["FluxInstance/a23-other"]
    # Allowed path first: the platform's own is obeyed, and one in another namespace is a valid object.
    given(scenario.existing("FluxInstance/flux", platform.flux_namespace)).becomes_ready()
    given(elsewhere.submit(dry_run=True)).is_admitted()

    expect(renamed.submit(dry_run=True)).is_refused(
        status=422, message="the only accepted name for a FluxInstance is 'flux'"
    )
    tenant = scenario.create(elsewhere.manifest, as_tenant="shared-a", dry_run=True)
    expect(tenant).is_refused(
        message=f'User "{platform.tenant_user("shared-a")}" cannot create resource "fluxinstances"'
    )

    given(elsewhere.submit()).is_admitted()
    taken_up = consistently(
        lambda: (pick(elsewhere.live(), "status"), pick(elsewhere.live(), "metadata", "finalizers")),
        lambda said: not any(said),
        for_s=platform.timeouts.hold_window,
    )
    expect_that(taken_up is None, f"{elsewhere.ref} was taken up", wanted="no status", observed=str(taken_up))
    expect(elsewhere).leaves_no_trace("Deployment/source-controller", namespace="shared-a")
