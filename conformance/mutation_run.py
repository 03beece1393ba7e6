"""What the plugin hands to the test of one mutant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.bootstrap.mutants import Mutant
from conformance.bootstrap.platform import Platform
from conformance.harvest import Job
from conformance.model import MutantResult
from conformance.mutation import jobs_for, kill


@dataclass(frozen=True, slots=True)
class MutantRun:
    """One mutant on one platform, with the checks that were collected."""

    mutant: Mutant
    platform: Platform
    jobs: Sequence[Job]
    say: Callable[[str], None]
    done: Callable[[MutantResult], None]

    def kill(self) -> MutantResult:
        """Run the mutant once and keep its result for the report."""
        result = kill(self.mutant, jobs_for(self.mutant, self.jobs), self.platform, self.say)
        self.done(result)
        return result
