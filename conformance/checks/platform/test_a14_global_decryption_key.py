"""A14: kustomize-controller has no decryption key that serves all tenants.

With --sops-age-secret whatever a tenant commits encrypted for the platform is decrypted into the tenant's namespace:
one tenant's leaked file is then another tenant's Secret.
"""

from conformance.api import Control, Scenario, check, expect_none

FLAG = "--sops-age-secret"


@check(
    "A14",
    control=Control.NO_GLOBAL_DECRYPTION_KEY,
    kills=["M17"],
    source="catalogue A14; kustomize-controller@v1.9.3/main.go:122",
    signal="--sops-age-secret is absent, or empty",
)
def test_a14_global_decryption_key(scenario: Scenario) -> None:
    """Read the Deployment's and the process's arguments."""
    for where, arguments in scenario.arguments("kustomize-controller").items():
        found = [one for one in arguments if one.startswith(FLAG) and one != f"{FLAG}="]
        what = f"kustomize-controller: its {where} names a key for everybody"
        expect_none(scenario, found, what, wanted=f"no {FLAG}", observed=" ".join(found))
