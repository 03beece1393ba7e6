"""Secrets out of texts: known ones by name, unknown ones by their shape, and the values of Secrets in YAML and JSON."""

import base64
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import yaml

MASK = "[redacted]"
SHORTEST = 6
"""A given secret below this length is not masked: it would blot out ordinary words."""

_SHAPES: Sequence[tuple[re.Pattern[str], str]] = (
    # Up to the end of the text if the key is cut off: half a key is still a secret.
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"), MASK),
    (re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+)[^\s\"',;]+"), rf"\1{MASK}"),
    # In prose, `basic authentication` stays: a credential has a capital, a digit or padding in it.
    (re.compile(r"(?i:\b(bearer|basic))\s+(?=[^\s\"']*[A-Z0-9=])[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://[^\s/:@\"'\[]*):[^\s/\"']+@"), rf"\1:{MASK}@"),
    (re.compile(r"(?i)\b(https?://)[^\s/:@\"'\[]+@"), rf"\1{MASK}@"),
    (
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|AGE-SECRET-KEY-1[A-Z0-9]+)"),
        MASK,
    ),
    (
        re.compile(
            r"(?im)^(\s*(?:-\s+)?[\"']?(?:client-key-data|id-token|refresh-token|access-token|token|password|passphrase)"
            r"[\"']?:[ \t]+)(?![|>]|\[redacted\])\S.*$"
        ),
        rf'\1"{MASK}"',
    ),
    (re.compile(r"(?i)(\"(?:client-key-data|token|password|passphrase)\"\s*:\s*)\"[^\"]*\""), rf'\1"{MASK}"'),
)
_SECRET_KIND = re.compile(r"kind\\?[\"']?\s*:\s*\\?[\"']?Secret(?:List)?\b")
_DATA_BLOCK = re.compile(r"^(?P<indent>[ \t]*(?:- )?)[\"']?(?:data|stringData)[\"']?:[ \t]*(?P<inline>.*)$")


def redactor(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """Return a function that masks these secrets (also in base64 and URL form) and everything of a secret's shape."""
    return _redactor(tuple(secrets))


@functools.lru_cache(maxsize=8)  # a run asks anew for each text, and its secrets stay the same
def _redactor(secrets: tuple[str, ...]) -> Callable[[str], str]:
    known = _forms(secrets)

    def redact(text: str) -> str:
        for secret in known:
            text = text.replace(secret, MASK)
        if _SECRET_KIND.search(text):
            text = _without_secret_data(text)
        for shape, mask in _SHAPES:
            text = shape.sub(mask, text)
        return text

    return redact


def redact_tree(value: Any, redact: Callable[[str], str]) -> Any:
    """Return a copy of nested mappings and lists with every string masked, keys too; enumerations stay."""
    if type(value) is str:
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_tree(key, redact): redact_tree(item, redact) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_tree(item, redact) for item in value]
    return value


def _forms(secrets: Iterable[str]) -> list[str]:
    forms: set[str] = set()
    for secret in secrets:
        plain = secret.strip()
        if len(plain) >= SHORTEST and plain not in MASK:
            encoded = base64.b64encode(plain.encode()).decode()
            forms |= {plain, quote(plain, safe=""), encoded, encoded.rstrip("=")}
    # Longest first: a secret may contain another.
    return sorted(forms, key=lambda form: (-len(form), form))


def _without_secret_data(text: str) -> str:
    try:
        # A set, since an alias leads to the same place twice.
        spans = {span for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node for span in _spans(node)}
    except (yaml.YAMLError, ValueError, RecursionError):
        return _line_by_line(text)
    for start, end, value in sorted(spans, reverse=True):
        tail = "\n" if text[start:end].endswith("\n") else ""
        text = text[:start] + json.dumps(value) + tail + text[end:]
    return text


def _spans(node: yaml.Node, *, secret: bool = False, listed: bool = False) -> Iterator[tuple[int, int, str]]:
    """Yield begin, end and replacement of each value of a Secret below a YAML node."""
    if isinstance(node, yaml.ScalarNode):
        if secret:
            yield node.start_mark.index, node.end_mark.index, MASK
        elif _SECRET_KIND.search(node.value):
            # Such as the last-applied-configuration annotation: a Secret as JSON in a string.
            yield node.start_mark.index, node.end_mark.index, _without_secret_data(node.value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _spans(item, secret=secret, listed=listed)
    elif isinstance(node, yaml.MappingNode):
        kind = next((value.value for key, value in node.value if key.value == "kind"), "")
        for key, value in node.value:
            hidden = (listed or kind == "Secret") and key.value in {"data", "stringData"}
            # The items of a SecretList carry no kind of their own.
            yield from _spans(value, secret=secret or hidden, listed=kind == "SecretList" and key.value == "items")


def _line_by_line(text: str) -> str:
    """Mask in a text that is not YAML as a whole: lines of JSON by themselves, and every data block."""
    lines: list[str] = []
    inside: int | None = None
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        if inside is not None and line.strip() and indent <= inside:
            inside = None
        if inside is not None:
            lines.append(_masked_line(line))
        elif line.lstrip().startswith("{") and _SECRET_KIND.search(line):
            lines.append(_json_line(line))
        elif found := _DATA_BLOCK.match(line.rstrip("\r\n")):
            inside = len(found["indent"])
            lines.append(line if not found["inline"] else line.replace(found["inline"], f'"{MASK}"'))
        else:
            lines.append(line)
    return "".join(lines)


def _masked_line(line: str) -> str:
    if not line.strip():
        return line
    key, colon, _ = line.partition(":")
    ending = "\n" if line.endswith("\n") else ""
    return f'{key}: "{MASK}"{ending}' if colon else f"{line[: len(line) - len(line.lstrip())]}{MASK}{ending}"


def _json_line(line: str) -> str:
    try:
        json.loads(line)
    except ValueError:
        return MASK + ("\n" if line.endswith("\n") else "")
    return _without_secret_data(line)
