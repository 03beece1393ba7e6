"""The vocabulary of the texts about a check; part of `model`, kept apart for its length."""

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How a text is to be shown."""

    TEXT = "text"
    LITERAL = "literal"
    """As a machine says it."""
    YAML = "yaml"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One labelled part of the explanation of a check."""

    name: str
    text: str
    form: Form = Form.TEXT
