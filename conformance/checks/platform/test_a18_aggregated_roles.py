"""A18: Flux's roles add its kinds to edit and admin, to view for reading only, and nothing else.

They reach everybody who holds one of the cluster's own roles. With a label too many, who may look at a namespace may
point its sources elsewhere.
"""

from collections.abc import Mapping, Sequence

from conformance.api import Control, Level, Scenario, check, expect, expect_none, given_that, pick

READING = {"get", "list", "watch"}
FLUX = (".fluxcd.io", "fluxcd.controlplane.io")
"""Groups of Flux, and of Flux Operator where it is installed."""


@check(
    "A18",
    level=Level.HARDENED,
    control=Control.FLUX_ROLES,
    kills=["M61-unaggregated", "M77-view-secrets"],
    spec="https://fluxcd.io/flux/security/",
    source="catalogue A18; Flux 2.9.2's rbac/view.yaml and rbac/edit.yaml",
    signal="view has get, list and watch on kinds of Flux and no other verb",
)
def test_a18_aggregated_roles(scenario: Scenario) -> None:
    """Read Flux's two roles, and what the controller manager made of them."""
    namespace = scenario.platform.flux_namespace
    for role in (scenario[f"ClusterRole/flux-view-{namespace}"], scenario[f"ClusterRole/flux-edit-{namespace}"]):
        expect(role).contains_wanted()
        foreign = [said for rule in pick(role.live(), "rules") for said in _foreign(rule)]
        wanted = " or ".join(f"*{one}" for one in FLUX)
        expect_none(
            scenario, foreign, f"{role.ref} is about more than Flux", wanted=wanted, observed=", ".join(foreign)
        )

    rules = pick(scenario.existing("ClusterRole/view", "").live(), "rules") or []
    of_flux = [rule for rule in rules if any(g == "*" or g.endswith(FLUX) for g in rule.get("apiGroups", []))]
    given_that(of_flux, "the role view has no rule on kinds of Flux")
    verbs = {verb for rule in of_flux for verb in rule["verbs"]}
    expect_none(
        scenario,
        sorted(verbs - READING),
        "the role view may change kinds of Flux",
        wanted=", ".join(sorted(READING)),
        observed=", ".join(sorted(verbs)),
    )


def _foreign(rule: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what a rule is about that is not Flux's: groups, and paths that are no resources."""
    return [group for group in rule.get("apiGroups", []) if not group.endswith(FLUX)] + list(
        rule.get("nonResourceURLs", [])
    )
