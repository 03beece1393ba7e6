"""A21: Flux bootstrapped by its CLI and by the Flux Operator has the same lockdown arguments.

A fleet that moves from one route to the other keeps its policies, and no commit shows a flag that the new route does
not set. What the live controllers have is compared with what the other route sets, flag by flag.
"""

from conformance.api import Control, Scenario, check, expect_none, expect_that

FLAGS = ("--no-cross-namespace-refs", "--no-remote-bases", "--default-service-account")


@check(
    "A21",
    control=Control.ROUTES_ALIKE,
    kills=[
        *(f"M01-{name}" for name in ("kustomize", "helm", "notification", "image-reflector", "image-automation")),
        "M02",
        "M03-kustomize",
        "M03-helm",
        "M18-multitenant",
    ],
    spec="https://fluxoperator.dev/docs/instance/controllers/#multi-tenancy-configuration",
    source="catalogue A21; flux-operator@v0.59.0/internal/builder/profiles.go:266",
    signal="each of the three flags has the same value on each controller of both routes",
)
def test_a21_lockdown_arguments(scenario: Scenario) -> None:
    """Compare the live arguments with the other route's."""
    rows = scenario.lockdown_arguments()
    seen = {row.flag for row in rows}
    expect_that(
        seen == set(FLAGS), "flags are on no controller", wanted=", ".join(FLAGS), observed=", ".join(sorted(seen))
    )
    unlike = [f"{row.controller} {row.flag} {dict(row.values)}" for row in rows if not row.alike]
    expect_none(scenario, unlike, "the routes differ", wanted="the same on both")
