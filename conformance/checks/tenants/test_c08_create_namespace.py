"""C08: a tenant's HelmRelease cannot make a namespace by install.createNamespace.

A namespace of the tenant's own making bears no tenant label: no policy selects it, no quota bounds it.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C08",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C08; helm-controller@v1.6.2/internal/action/install.go:102",
    signal='Ready=False/InstallFailed "cannot patch resource "namespaces" … in the namespace "c08-loot""; it is absent',
)
def test_c08_create_namespace(scenario: Scenario) -> None:
    """Install one chart into a namespace that the tenant may apply, and into one that it would have to make."""
    # Allowed path first: where the platform gave the right, the same release is installed.
    given(scenario["HelmRelease/c08-own"]).becomes_ready()

    new = scenario["HelmRelease/c08-new"]
    user = scenario.platform.tenant_user("shared-a")
    said = (f'User "{user}" cannot patch resource "namespaces"', 'in the namespace "c08-loot"')
    expect(new).is_denied(reason="InstallFailed", message=said)
    expect(new).leaves_no_trace("Namespace/c08-loot")
