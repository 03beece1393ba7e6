"""C33: a user whom no binding names sees nothing of tenants and of the platform.

Everybody who can log in is in the group system:authenticated; a binding of that group gives to all of them.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, given_that

KINDS = {
    "configmaps": ("v1", "ConfigMap"),
    "secrets": ("v1", "Secret"),
    "gitrepositories": ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    "kustomizations": ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
}


@pytest.mark.parametrize("where", ["shared-a", "shared-b", "flux-system"])
@check(
    "C33",
    control=Control.NO_STRAY_BINDINGS,
    kills=["M62-stray-binding"],
    spec="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    source="catalogue C33; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go:67",
    signal='403, User "c33-stranger" cannot list resource … in the namespace, for each kind',
)
def test_c33_stranger(scenario: Scenario, where: str) -> None:
    """List what is there to be seen, as a user without a binding."""
    namespace = scenario.platform.flux_namespace if where == "flux-system" else where
    client = scenario.platform.client
    # No group is named: the server adds system:authenticated, as it does for everybody who logs in.
    stranger = client.impersonating("c33-stranger")
    for resource, (version, kind) in KINDS.items():
        given_that(client.objects(version, kind, namespace=namespace), f"{namespace} has {resource}")
        answer = scenario.ask(
            "c33-stranger",
            f"list {kind} in {namespace}",
            lambda v=version, k=kind: {"items": stranger.objects(v, k, namespace=namespace)},
        )
        said = f'User "c33-stranger" cannot list resource "{resource}"'
        expect(answer).is_refused(message=(said, f'in the namespace "{namespace}"'))
