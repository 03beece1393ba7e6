"""The vocabulary that a check may use; a check imports nothing else of the suite."""

import re
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

import pytest

from conformance.errors import Breakdown, Finding, InputError
from conformance.expect import condition, describe, expect, expect_none, expect_that, given, given_that
from conformance.kube.objects import Ref, container_args, feature_gates, pick, ref_to
from conformance.kube.rules import rule_allows, subjects_of
from conformance.kube.wait import consistently, eventually, object_until
from conformance.leaks import canary_leaks
from conformance.model import Capability, Check, Control, Environment, Fidelity, Level, Plane
from conformance.network import NotEnforced, selects
from conformance.reaching import expect_flows
from conformance.repos.declared import departures
from conformance.scenario import Answer, Scenario, Subject

__all__ = [
    "Answer",
    "Breakdown",
    "Capability",
    "Control",
    "Environment",
    "Fidelity",
    "Finding",
    "Level",
    "NotEnforced",
    "Plane",
    "Ref",
    "Scenario",
    "Subject",
    "canary_leaks",
    "check",
    "condition",
    "consistently",
    "container_args",
    "departures",
    "describe",
    "eventually",
    "expect",
    "expect_flows",
    "expect_none",
    "expect_that",
    "feature_gates",
    "given",
    "given_that",
    "object_until",
    "pick",
    "ref_to",
    "rule_allows",
    "selects",
    "subjects_of",
]

P = ParamSpec("P")
R = TypeVar("R")
MARK = "flux_check"
ATTRIBUTE = "__flux_check__"
MULTITENANCY = "https://fluxcd.io/flux/installation/configuration/multitenancy/"
_ID = re.compile(r"^[A-J]\d\d$")
BOTH = (Environment.STAGING, Environment.PRODUCTION)


def check(
    check_id: str,
    *,
    level: Level = Level.CORE,
    control: Control,
    kills: Sequence[str] = (),
    spec: str = MULTITENANCY,
    source: str = "",
    signal: str = "",
    environments: Sequence[Environment] = BOTH,
    needs: Sequence[Capability] = (),
    long: bool = False,
    exclusive: bool | Capability = False,
    unmutable: str = "",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a function as the check with this id of the catalogue.

    The module's docstring is its text: the first line is `ID: statement.`, the rest says why it matters.

    Args:
        kills: ids of the mutants that must turn this check red; at least one, except at level provisional.
        spec: where the property is promised.
        signal: what shows that the property holds, in the words of the API server or the controller.
        source: upstream code or catalogue finding that the expected signal comes from.
        long: takes longest by what it waits for, such as commits that the fleet follows: it is begun first.
        exclusive: changes platform state that other checks read, so it runs alone; or the capability of a platform on
            which it does.
        unmutable: why there is no mutant (level provisional only).

    Raises:
        InputError: at import, when the declaration is incomplete.
    """
    if not _ID.match(check_id):
        raise InputError(f"check id '{check_id}' is not a row of the catalogue, such as F01")
    if not kills and not (unmutable and level is Level.PROVISIONAL):
        raise InputError(f"{check_id}: name at least one mutant in kills=; only a provisional check may be unmutable=")

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        statement, why = _texts(check_id, function)
        declared = Check(
            id=check_id,
            statement=statement,
            why=why,
            level=level,
            control=control,
            kills=tuple(kills),
            spec=spec,
            source=source,
            signal=signal,
            environments=frozenset(environments),
            needs=frozenset(needs),
            long=long,
            exclusive=exclusive is True,
            exclusive_with=exclusive if isinstance(exclusive, Capability) else None,
            unmutable=unmutable,
        )
        setattr(function, ATTRIBUTE, declared)
        marked: Callable[P, R] = getattr(pytest.mark, MARK)(check_id)(function)
        return marked

    return declare


def _texts(check_id: str, function: Callable[..., object]) -> tuple[str, str]:
    document = (function.__globals__.get("__doc__") or "").strip()
    first, _, rest = document.partition("\n")
    prefix = f"{check_id}: "
    if not first.startswith(prefix):
        raise InputError(f"{function.__module__}: the docstring must begin with '{prefix}' and the statement")
    return first.removeprefix(prefix).rstrip("."), rest.strip()
