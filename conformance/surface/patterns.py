"""Two ways to write down many names: alternatives in braces, and wildcards for paths of fields."""

import re
from collections.abc import Sequence

from conformance.errors import InputError

_CHOICE = re.compile(r"\{((?:[^{}]|\{\})*,(?:[^{}]|\{\})*)\}")


def alternatives(pattern: str) -> Sequence[str]:
    """Return every name that a pattern with `{a,b}` means; an alternative may be empty, braces do not nest.

    `{}` stands for itself: it is how the path of a map's value ends.

    Raises:
        InputError: a brace has no partner.
    """
    found = _CHOICE.search(pattern)
    if found is None:
        if set("{}") & set(pattern.replace("{}", "")):
            raise InputError(f"'{pattern}' has a brace that nothing closes", hint="alternatives are written {a,b}")
        return (pattern,)
    head, tail = pattern[: found.start()], pattern[found.end() :]
    return tuple(name for choice in found[1].split(",") for name in alternatives(f"{head}{choice.strip()}{tail}"))


def compiled(pattern: str) -> re.Pattern[str]:
    """Return what matches the paths that are meant: `*` stands for part of one step, `**` for any number of steps."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^.]*"}.get(part, re.escape(part)) for part in parts))
