"""Mutants of credentials, decryption keys, notification and image automation."""

from conformance.bootstrap.mutants.mutant import Mutant


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return []
