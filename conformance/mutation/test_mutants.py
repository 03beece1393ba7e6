"""One test for each mutant: every check that claims it must turn red, and green again afterwards."""

from conformance.errors import Breakdown, Finding
from conformance.mutation.queue import MutantRun


def test_mutant(mutant_run: MutantRun) -> None:
    """Kill one mutant."""
    result = mutant_run.kill()
    if not result.kills:
        raise Breakdown(f"{result.id}: no collected check claims to kill it", hint="run all checks, or drop the mutant")
    if not result.killed:
        raise Finding(f"{result.id} survived ({result.description})", wanted="killed", observed=result.message)
