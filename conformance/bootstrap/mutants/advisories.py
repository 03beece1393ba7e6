"""Mutants of what published advisories were about."""

from conformance.bootstrap import changes_advisories as advisory
from conformance.bootstrap.mutants.mutant import Mutant


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id="M57-index-pattern",
            description="the API admits any index in valuesFrom[].targetPath",
            apply=advisory.without_index_pattern,
        ),
        Mutant(
            id="M58-duration-pattern",
            description="the API admits any word for spec.interval",
            apply=advisory.without_duration_patterns,
        ),
    ]
