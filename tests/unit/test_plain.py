"""YAML that somebody else wrote is read, or refused by a sentence: never a crash."""

import pytest
import yaml

from conformance.report.plain import plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 300_000, "more than 200 levels"),
        ("{a: " * 300_000, "more than 200 levels"),
        ("- " * 300_000, "more than 200 levels"),
        ("a: 2026-02-31", "what cannot be read: day is out of range"),
        (f"a: {'9' * 5000}", "what cannot be read: Exceeds the limit"),
        ("a: &x b\nc: *x", "an alias"),
        ("a: b\na: c", "the key 'a' a second time"),
        ("a: [", "did not find expected node content"),
        (b"\xff\xfe\xff", "."),
    ],
)
def test_what_cannot_be_read_is_one_kind_of_error(text: str | bytes, said: str) -> None:
    with pytest.raises(yaml.YAMLError, match=said):
        plain(text)


def test_what_is_as_deep_as_reports_are_is_read() -> None:
    assert plain("[" * 200 + "]" * 200)
    assert plain("a: {b: [1, 2026-02-28]}")["a"]["b"][0] == 1
    assert plain("") is None
