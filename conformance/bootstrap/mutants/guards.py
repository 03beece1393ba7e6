"""Mutants of the fleet's guards, and of policies that only hardened fleets have."""

from conformance.bootstrap.mutants.mutant import Mutant


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return []
