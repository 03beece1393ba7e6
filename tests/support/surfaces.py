"""A small release, and rules for it: the reviewed ones are for Flux's."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from conformance.surface import Entry, Surface
from conformance.surface.classes import Classes
from conformance.surface.mapping import Coverage
from conformance.surface.reading import assembled

DATA = Path(__file__).parents[1] / "unit" / "data" / "surface"
TODAY = date(2026, 11, 21)
CLASSES: dict[str, Any] = {
    "fields": {
        "classes": {
            "namespace": ["spec.dependsOn[].{name,namespace}", "spec.sourceRef.kind"],
            "code": ["spec.values"],
            "availability": ["spec.interval"],
            "trust": ["spec.commonMetadata.labels{}"],
        },
        "suspicious": ["secrets?"],
        "exempt": [],
        "inert": [{"reason": "only a matter of time", "names": ["spec.wait"]}],
    },
    "flags": {
        "classes": {"namespace": ["--watch-all-namespaces"], "path": ["--storage-path"]},
        "inert": [{"reason": "the form of its log", "names": ["--log-level"]}],
    },
    "objects": {"CustomResourceDefinition": "rights", "Deployment": "code"},
}
NOTHING: dict[str, Any] = {
    "owners": {"us": "whoever runs this test"},
    **{kind: [] for kind in ("field", "flag", "rule", "grant", "binding", "object")},
}
EXCUSE = {"reason": "nobody has lamps any more", "owner": "us", "expires": "2026-11-21"}


def texts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.yaml"))}


def covered(**kinds: Any) -> Coverage:
    return Coverage({**NOTHING, **kinds}, ["A01", "B01"])


def surface(
    manifests: Mapping[str, str] | None = None,
    *,
    version: str = "1.2.3",
    tools: Any = (),
    today: date = TODAY,
    **kinds: Any,
) -> Surface:
    given = texts() if manifests is None else manifests
    known, coverage = Classes(CLASSES), covered(**kinds)
    return assembled(version, given, "a test", tools, today=today, known=known, coverage=coverage)


def named(found: Surface, name: str) -> Entry:
    return next(entry for entry in found.entries if entry.id == name)
