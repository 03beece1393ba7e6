"""Mutants of what references between tenants are held by."""

from conformance.bootstrap import changes_references as reference
from conformance.bootstrap.mutants.mutant import Mutant, with_flag


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id="M90-named-namespaces",
            description="a sourceRef with a namespace is refused, be it the own one",
            apply=reference.named_namespaces_refused,
        ),
        Mutant(
            id="M91-external-artifacts",
            description="helm-controller runs with the feature gate ExternalArtifact",
            apply=with_flag("helm-controller", "--feature-gates=ExternalArtifact=true"),
        ),
        Mutant(
            id="M92-chart-namespace",
            description="the source of a HelmChart has a field for its namespace",
            apply=reference.chart_namespaces,
        ),
    ]
