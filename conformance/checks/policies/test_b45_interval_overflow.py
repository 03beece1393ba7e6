"""B45: a tenant cannot store a duration that the controllers cannot read.

The schema admits digits without end. One object with such a duration stops the reconciliation of its kind for all
tenants, until it is deleted.
"""

from conformance.api import Control, Level, Scenario, check, expect, given

DURATIONS = ("99999999999999999999h", "2562048h")
KINDS = ("Kustomization", "HelmRelease", "GitRepository", "HelmRepository", "OCIRepository", "HelmChart")


# One result and not one for each kind: two guards hold this between them, and each is a mutant of its own.
@check(
    "B45",
    level=Level.HARDENED,
    control=Control.FLUX_GUARD,
    kills=["M15-flux", "M15-sources"],
    source="catalogue B45, finding 5; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "intervals and timeouts in tenant namespaces must not exceed 24h", for each kind and duration',
    long=True,
)
def test_b45_interval_overflow(scenario: Scenario) -> None:
    """Try two such durations on each kind that has an interval."""
    for kind in KINDS:
        own = scenario[f"{kind}/b45-own"]
        # Allowed path first: the same object with an ordinary interval.
        given(own.submit(dry_run=True)).is_admitted()

        guard = "guard_flux" if kind in ("Kustomization", "HelmRelease") else "guard_sources"
        for duration in DURATIONS:
            # Dry-runs only: once stored, the object would stop every other check.
            evil = scenario[f"{kind}/b45-evil"].with_fields({"spec.interval": duration})
            answer = evil.submit(dry_run=True)
            expect(answer).is_refused(message=(scenario.denial(guard), "must not exceed 24h"))
