"""What a check that has gone blind cannot be told by, of all that it saw without a control: each with the reason.

A certificate then hangs on the result of the check alone. Exact in both directions: what its evidence tells by now is
taken out of here.
"""

from collections.abc import Mapping

UNTOLD: Mapping[str, Mapping[str, str]] = {}
"""Why -> key of a check -> the mutants, each of which it saw in such evidence alone."""


def untold() -> frozenset[tuple[str, str]]:
    """Return the pairs of a check's key and a mutant."""
    return frozenset(
        (key, mutant) for one in UNTOLD.values() for key, mutants in one.items() for mutant in mutants.split()
    )
