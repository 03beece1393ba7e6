"""The mutants: the same platform with one control removed, for as long as a `with` block lasts.

Each waits until it is in force before it yields, and until it is gone again before it returns (catalogue section 6).
Bindings are set to Audit and never deleted: without the last policy with a ConfigMap parameter the API server's
informer ends and every request is refused afterwards (catalogue finding 9).
"""

import contextlib
from collections.abc import Iterator, Mapping

from conformance.bootstrap import changes_tenants as tenant
from conformance.bootstrap.changes_operator import held_still
from conformance.bootstrap.mutants import (
    access,
    advisories,
    faults,
    flags,
    guards,
    network,
    operator,
    platform,
    policies,
    references,
    secrets,
    tenants,
)
from conformance.bootstrap.mutants.mutant import Mutant
from conformance.bootstrap.platform import Platform

__all__ = ["MUTANTS", "Mutant", "platform_held_still"]

_MODULES = (
    flags,
    policies,
    guards,
    tenants,
    access,
    platform,
    network,
    references,
    secrets,
    advisories,
    operator,
    faults,
)

MUTANTS: Mapping[str, Mutant] = {mutant.id: mutant for module in _MODULES for mutant in module.mutants()}


@contextlib.contextmanager
def platform_held_still(platform: Platform) -> Iterator[None]:
    """Suspend the platform's own Kustomizations, so that nobody repairs a mutant while it is looked at.

    They first: one of them would give the FluxInstance back the interval at which the operator repairs.
    """
    with tenant.platform_suspended(platform), held_still(platform):
        yield
