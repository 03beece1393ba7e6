"""Mutants of the platform's own objects and deployments."""

from conformance.bootstrap.mutants.mutant import Mutant


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return []
