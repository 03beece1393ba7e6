"""Texts without what is another in every run: names that somebody made up, times, addresses, digests."""

import re
from collections.abc import Sequence

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of the names that Kubernetes makes up: k8s.io/apimachinery/pkg/util/rand."""
_VOLATILE: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b", "RUN"),
        (r"\bage1[02-9ac-hj-np-z]{58}", "RECIPIENT"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d| [+-]\d{4} UTC)?", "TIME"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "UID"),
        # Before digests, seconds and numbers, which such a name may hold. One suffix alone is known by a digit in it.
        (rf"-[{_SAFE}]{{8,10}}-[{_SAFE}]{{5}}\b", "-POD"),
        (rf"-(?=[{_SAFE}]*\d)[{_SAFE}]{{5}}\b", "-POD"),
        (r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b", "HEX"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{2,5})?\b", "ADDRESS"),
        (r"(?<=\w)\[::1?\]:\d{2,5}|\blocalhost:\d{2,5}\b", "ADDRESS"),
        (
            r"(?:(?<![\w.])|(?:\.\./)+\.\.)/(?:tmp|var|root|home|run|mnt|dev/shm|private|Users)(?:/[^\s'\",:;)]+)+",
            "PATH",
        ),
        (r"(?<![\w-])(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|µs|us|ms|s)\b", "SECONDS"),
        (r"\d{4,}", "NUMBER"),
    )
)


def steady(text: str) -> str:
    """Return a text with every volatile part named by what it is, and its white space as one blank each."""
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return " ".join(text.split())
