"""The mutants: the same platform with one control removed, for as long as a `with` block lasts.

Each waits until it is in force before it yields, and until it is gone again before it returns (catalogue section 6).
Bindings are set to Audit and never deleted: without the last policy with a ConfigMap parameter the API server's
informer ends and every request is refused afterwards (catalogue finding 9).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from conformance.bootstrap import changes_tenants as tenant
from conformance.bootstrap.mutants import (
    access,
    advisories,
    faults,
    flags,
    guards,
    network,
    platform,
    policies,
    references,
    secrets,
    tenants,
)
from conformance.bootstrap.mutants.mutant import Mutant
from conformance.bootstrap.platform import Platform

__all__ = ["MUTANTS", "Mutant", "platform_held_still"]

_MODULES = (flags, policies, guards, tenants, access, platform, network, references, secrets, advisories, faults)

MUTANTS: Mapping[str, Mutant] = {mutant.id: mutant for module in _MODULES for mutant in module.mutants()}


def platform_held_still(platform: Platform) -> AbstractContextManager[Any]:
    """Suspend the platform's own Kustomizations, so that Flux does not repair a mutant while it is looked at."""
    return tenant.platform_suspended(platform)
