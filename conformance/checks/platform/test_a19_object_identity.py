"""A19: a controller in which object identity is on has default accounts for it; the others have none.

With object identity an object may name an account of the tenant's to log in to a cloud. An object that names none logs
in as the controller, unless the default accounts are set; set while the gate is off, they promise what nothing does.
"""

from conformance.api import Control, Level, Scenario, check, expect_none, feature_gates

GATE = "ObjectLevelWorkloadIdentity"
ACCOUNT = "--default-service-account"
KUBECONFIG, DECRYPTION = "--default-kubeconfig-service-account", "--default-decryption-service-account"
DEFAULTS = {
    "source": (ACCOUNT,),
    "kustomize": (KUBECONFIG, DECRYPTION),
    "helm": (KUBECONFIG,),
    "notification": (ACCOUNT,),
    "image-reflector": (ACCOUNT,),
    "image-automation": (ACCOUNT,),
}


@check(
    "A19",
    level=Level.HARDENED,
    control=Control.OBJECT_IDENTITY,
    kills=["M75-identity-kustomize"],
    source="catalogue A19; kustomize-controller@v1.9.3/main.go:150-167, source-controller@v1.9.3/main.go:172-180",
    signal="ObjectLevelWorkloadIdentity and its default accounts are both there, or both absent",
)
def test_a19_object_identity(scenario: Scenario) -> None:
    """Read the gate and the default accounts of every controller."""
    for name, defaults in DEFAULTS.items():
        for where, arguments in scenario.arguments(f"{name}-controller").items():
            on = GATE in feature_gates(arguments)
            found = [flag for flag in defaults if any(one.startswith(f"{flag}=") for one in arguments)]
            wanted = list(defaults) if on else []
            expect_none(
                scenario,
                sorted(set(found) ^ set(wanted)),
                f"{name}-controller: its {where} has object identity or its default accounts alone",
                wanted=f"object identity is {'on' if on else 'off'}: {' '.join(wanted) or 'no default account for it'}",
                observed=" ".join(found) or "no default account",
            )
