"""What a declaration of a check must say."""

from collections.abc import Callable
from typing import Any

import pytest

from conformance.api import ATTRIBUTE, MARK, Capability, Control, Environment, Level, check
from conformance.errors import InputError
from conformance.model import Check

TEXT = """F01: a tenant cannot reach another's source.

Because it would read what is not its own.
Every day.
"""


def function(document: str | None = TEXT) -> Callable[..., Any]:
    """Return a function of a module with this docstring."""
    module = {"__doc__": document, "__name__": "checks.test_example"}
    exec("def test_example(scenario): return scenario", module)
    return module["test_example"]  # type: ignore[return-value]


def declared(check_id: str = "F01", *, document: str | None = TEXT, **options: Any) -> Check:
    options = {"control": Control.PRUNE, "kills": ["M22-prune-off"]} | options
    found = vars(check(check_id, **options)(function(document)))[ATTRIBUTE]
    assert isinstance(found, Check)
    return found


def test_the_module_s_docstring_is_the_text_of_the_check() -> None:
    found = declared()
    assert found.statement == "a tenant cannot reach another's source"
    assert found.why == "Because it would read what is not its own.\nEvery day."
    assert (found.id, found.area, found.control, found.kills) == ("F01", "F", Control.PRUNE, ("M22-prune-off",))


def test_what_is_not_said_is_the_usual() -> None:
    found = declared()
    assert found.level is Level.CORE
    assert found.environments == frozenset(Environment)
    assert found.spec == "https://fluxcd.io/flux/installation/configuration/multitenancy/"
    assert (found.needs, found.exclusive, found.unmutable, found.source) == (frozenset(), False, "", "")


def test_all_that_is_said_is_kept() -> None:
    found = declared(
        level=Level.HARDENED,
        kills=["M1", "M2"],
        spec="https://example.com/spec",
        source="catalogue F01",
        environments=[Environment.PRODUCTION],
        needs=[Capability.AUDIT_LOG],
        exclusive=True,
    )
    assert (found.level, found.kills, found.exclusive) == (Level.HARDENED, ("M1", "M2"), True)
    assert (found.spec, found.source) == ("https://example.com/spec", "catalogue F01")
    assert found.environments == frozenset({Environment.PRODUCTION})
    assert found.needs == frozenset({Capability.AUDIT_LOG})


def test_the_function_is_marked_with_the_id_and_stays_what_it_was() -> None:
    original = function()
    marked = check("F01", control=Control.PRUNE, kills=["M22-prune-off"])(original)
    assert marked("argument") == "argument"
    [mark] = vars(marked)["pytestmark"]
    assert (mark.name, mark.args) == (MARK, ("F01",))


@pytest.mark.parametrize("check_id", ["", "F1", "F001", "f01", "K01", "F01 ", "SRC-01", "F0x"])
def test_an_id_that_is_no_row_of_the_catalogue_is_refused(check_id: str) -> None:
    with pytest.raises(InputError, match="is not a row of the catalogue"):
        declared(check_id)


@pytest.mark.parametrize("level", Level)
def test_a_check_that_kills_no_mutant_is_refused(level: Level) -> None:
    with pytest.raises(InputError, match="F01: name at least one mutant"):
        declared(kills=[], level=level)


@pytest.mark.parametrize("level", [Level.CORE, Level.HARDENED])
def test_a_check_that_is_judged_cannot_be_unmutable(level: Level) -> None:
    with pytest.raises(InputError, match="only a provisional check may be unmutable"):
        declared(kills=[], level=level, unmutable="nothing to take away")


def test_a_provisional_check_may_say_why_no_mutant_kills_it() -> None:
    found = declared(kills=[], level=Level.PROVISIONAL, unmutable="nothing to take away")
    assert (found.kills, found.unmutable) == ((), "nothing to take away")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("A tenant cannot.", id="without an id"),
        pytest.param("F02: a tenant cannot.", id="of another check"),
        pytest.param("F01 a tenant cannot.", id="without a colon"),
        pytest.param("F01:a tenant cannot.", id="without a space"),
        pytest.param("About\nF01: a tenant cannot.", id="in the second line"),
    ],
)
def test_a_docstring_that_does_not_begin_with_the_id_is_refused(document: str | None) -> None:
    with pytest.raises(InputError, match=r"checks\.test_example: the docstring must begin with 'F01: '"):
        declared(document=document)


def test_a_docstring_of_one_line_has_no_why() -> None:
    assert (declared(document="F01: it holds.").statement, declared(document="F01: it holds.").why) == ("it holds", "")


def test_a_check_may_be_exclusive_on_some_platforms_only() -> None:
    for said, always, where in ((False, False, None), (True, True, None), (Capability.NODES, False, Capability.NODES)):
        found = declared(exclusive=said)
        assert (found.exclusive, found.exclusive_with) == (always, where)
