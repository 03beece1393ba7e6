"""Markdown out of text that may come from a cluster: it must not close a table's cell, or become HTML."""

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Return a text for one cell of a table, or one line of a list."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return flat.replace("|", "\\|").replace("`", "\\`").replace("[", "\\[")


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table; every text is escaped."""
    rows = [f"| {' | '.join(map(cell, line))} |" for line in (heads, *lines)]
    return "\n".join([rows[0], f"|{'---|' * len(heads)}", *rows[1:]])


def fenced(text: str) -> str:
    """Return a block that shows a text as it is."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"
