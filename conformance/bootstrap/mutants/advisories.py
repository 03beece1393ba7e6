"""Mutants of what published advisories were about."""

from conformance.bootstrap.mutants.mutant import Mutant


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return []
