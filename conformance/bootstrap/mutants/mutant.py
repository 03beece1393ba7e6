"""What a mutant is, and the builders that most are made of."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from conformance.bootstrap import changes as change
from conformance.bootstrap import changes_policies as policy
from conformance.bootstrap.canaries import Canary
from conformance.bootstrap.platform import Platform
from conformance.model import Capability, Environment

Apply = Callable[[Platform, Sequence[str]], AbstractContextManager[None]]
"""Takes the platform and the tenant namespaces of the checks that must kill the mutant."""

BOTH = frozenset(Environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A platform that lacks one control."""

    id: str
    description: str
    apply: Apply
    environments: frozenset[Environment] = BOTH
    tools: Sequence[str] = ()
    """Binaries that only this mutant needs."""
    local: bool = False
    """Changes the namespaces of its checks, and so the ground of every other check that lives there."""
    slow: bool = False
    """Controllers take long for what they would else refuse at once, such as to look through the machine's folders."""
    needs: frozenset[Capability] = frozenset()
    """What the cluster must have for it."""
    refuses: frozenset[str] = frozenset()
    """Kinds that no tenant can make under it, or that give less under it: what else needs one breaks down."""
    blinds: frozenset[str] = frozenset()
    """Checks that need for their own way of looking what it takes away, though it is not their control."""
    unites: Sequence[str] = ()
    """Beginnings of the ids of mutants that this one amounts to: a check that any of them reddens cannot stand by."""

    def spares(self, kills: Sequence[str]) -> bool:
        """Return whether a check that kills these mutants must stay green under this one."""
        return self.id not in kills and not any(name.startswith(tuple(self.unites)) for name in kills)


def without_flag(controller: str, flag: str) -> Apply:
    """Return a change that takes a flag away from a controller."""
    return lambda platform, _: change.arguments(platform, controller, drop=flag)


def with_flag(controller: str, flag: str, *, unset: str = "") -> Apply:
    """Return a change that gives a controller a flag, such as `--feature-gates=X=true`.

    Args:
        unset: a variable that would win over the flag; taken away where it is.
    """
    return lambda platform, _: change.arguments(platform, controller, add=flag, unset=unset)


def audit_only(which: str, canary: Canary) -> Apply:
    """Return a change that lets a policy (its key in conformance.yaml) audit and not deny."""

    def apply(platform: Platform, namespaces: Sequence[str]) -> AbstractContextManager[None]:
        name = getattr(platform.fleet.profile.policies, which)
        return policy.binding_audits(platform, name, canary, namespaces[0])

    return apply


def fault(controller: str, name: str) -> Apply:
    """Return a change that runs a controller from its faulty build, with one fault switched on."""
    return lambda platform, _: change.faulty_binary(platform, controller, name)
