"""C12: a hook of a tenant's chart cannot act in another tenant's namespace.

Hooks are applied apart from the release, before it, and are no part of its inventory: a second way for each object.
"""

import pytest

from conformance.api import Control, Scenario, check, describe, expect, given_that, object_until

RESOURCES = {"Secret": "secrets", "Job": "jobs"}


@pytest.mark.parametrize("kind", RESOURCES)
@check(
    "C12",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C12; helm-controller@v1.6.2/internal/reconcile/install.go:137, helm@v4.3.1/pkg/action/hooks.go",
    signal='Ready=False/InstallFailed "failed pre-install: … cannot create … in the namespace "shared-b""; '
    "the hook's object is absent",
)
def test_c12_chart_hooks(scenario: Scenario, kind: str) -> None:
    """Install a chart whose hook lies in the tenant's own namespace, and in the victim's."""
    # Allowed path first: the same hook is made in the tenant's own namespace. A Job takes a while to end.
    own, timeout = scenario["shared-a", f"{kind}/c12-{kind.lower()}"], scenario.platform.timeouts.reconciled
    _, made = object_until(scenario.platform.client, own.ref, lambda state: state is not None, timeout_s=timeout)
    release = scenario[f"HelmRelease/c12-{kind.lower()}-own"]
    given_that(made, f"{own.ref} is made by a hook", observed=describe(release.live()))

    foreign = scenario[f"HelmRelease/c12-{kind.lower()}-foreign"]
    user = scenario.platform.tenant_user("shared-a")
    expect(foreign).is_denied(
        reason="InstallFailed",
        message=("failed pre-install", f'User "{user}" cannot', f'"{RESOURCES[kind]}"', 'in the namespace "shared-b"'),
    )
    expect(foreign).leaves_no_trace(f"{kind}/c12-{kind.lower()}", namespace="shared-b")
