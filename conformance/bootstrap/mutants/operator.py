"""Mutants of a platform that Flux Operator keeps: of its FluxInstance, and of the operator itself."""

from conformance.bootstrap import changes_operator as operator
from conformance.bootstrap.changes_access import instances_granted
from conformance.bootstrap.mutants.mutant import Mutant, with_flag, without_flag
from conformance.model import Capability
from conformance.providers.arguments import WEB_SERVER_PORT

_NEEDS = frozenset({Capability.FLUX_OPERATOR})


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id="M18-multitenant",
            description="the FluxInstance has multitenant: false",
            apply=lambda p, _: operator.not_multitenant(p),
            needs=_NEEDS,
            unites=("M01-", "M02", "M03-", "M13"),
        ),
        Mutant(
            id="M18-unreconciled",
            description="the operator leaves its FluxInstance alone",
            apply=lambda p, _: operator.unreconciled(p),
            needs=_NEEDS,
        ),
        Mutant(
            id="M18-account",
            description="flux-operator runs without --default-service-account",
            apply=without_flag(operator.OPERATOR, "--default-service-account"),
            needs=_NEEDS,
        ),
        Mutant(
            id="M18-page",
            description="flux-operator serves its web page",
            apply=with_flag(operator.OPERATOR, "--web-server-port=9080", unset=WEB_SERVER_PORT),
            needs=_NEEDS,
        ),
        Mutant(
            id="M18-any-name",
            description="a FluxInstance may have any name",
            apply=operator.any_name,
            needs=_NEEDS,
        ),
        Mutant(
            id="M18-instances-open",
            description="tenants may write FluxInstances in their namespace",
            apply=instances_granted,
            needs=_NEEDS,
        ),
    ]
