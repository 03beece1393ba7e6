"""A01: every controller that follows references between objects runs with --no-cross-namespace-refs=true.

Without the flag a tenant's Kustomization, HelmRelease, Alert or image object may name a source of another tenant, and
gets its content with the controller's own rights. A flag in the Deployment alone proves nothing: the process that was
started before the patch goes on without it, so its arguments are read as well.
"""

import pytest

from conformance.api import Control, Scenario, check, expect

CONTROLLERS = ("kustomize", "helm", "notification", "image-reflector", "image-automation")


@check(
    "A01",
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=[f"M01-{name}" for name in CONTROLLERS],
    source="catalogue A01; pkg/runtime@v0.110.1/acl/flags.go:22",
    signal="args of the live Deployment and of the running process: --no-cross-namespace-refs=true",
)
@pytest.mark.parametrize("controller", [f"{name}-controller" for name in CONTROLLERS])
def test_a01_cross_namespace_flag(scenario: Scenario, controller: str) -> None:
    """Read the Deployment's and the process's arguments."""
    expect(scenario[f"Deployment/{controller}"]).runs_with_wanted_arguments()
