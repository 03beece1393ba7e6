"""Columns of several platforms: what each is called, and how their outcomes relate."""

import pytest

from conformance.model import Outcome
from conformance.report.combined_schema import Relation
from conformance.report.parity import names, relation

PASSED, FAILED, ERROR, UNSUPPORTED = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.UNSUPPORTED


@pytest.mark.parametrize(
    ("platforms", "said"),
    [
        ([("cli", "embedded"), ("cli", "kind")], ["embedded", "kind"]),
        ([("cli", "kind"), ("operator", "kind")], ["cli", "operator"]),
        ([("cli", "kind"), ("operator", "embedded")], ["cli on kind", "operator on embedded"]),
    ],
)
def test_columns_are_called_by_what_tells_them_apart(platforms, said):
    assert names(platforms) == said


@pytest.mark.parametrize(
    ("outcomes", "wanted"),
    [
        ([PASSED, PASSED, PASSED, PASSED], Relation.EQUAL),
        ([PASSED, UNSUPPORTED, PASSED, UNSUPPORTED], Relation.EQUAL),
        ([PASSED, FAILED, ERROR, None], Relation.DIFFERENT),
        ([PASSED, FAILED, UNSUPPORTED], Relation.DIFFERENT),
        ([PASSED, PASSED, ERROR], Relation.NOT_COMPARED),
        ([PASSED, PASSED, None], Relation.NOT_COMPARED),
        ([UNSUPPORTED, UNSUPPORTED, FAILED], Relation.ONE),
        ([UNSUPPORTED] * 3, Relation.NEITHER),
        ([UNSUPPORTED, ERROR], Relation.NOT_COMPARED),
        ([PASSED], Relation.NOT_COMPARED),
    ],
)
def test_relation_of_any_number_of_columns(outcomes, wanted):
    assert relation(outcomes) is wanted
    assert relation(outcomes[::-1]) is wanted
