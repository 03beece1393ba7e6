"""Rows that were seen through a controller of another release: they say nothing of the release itself. Pure."""

import re
from collections.abc import Iterator, Mapping

from conformance.report.schema import ConformanceReport, ResultRow

_KINDS: Mapping[str, tuple[str, ...]] = {
    "helm-controller": ("HelmRelease",),
    "image-automation-controller": ("ImageUpdateAutomation",),
    "image-reflector-controller": ("ImageRepository", "ImagePolicy"),
    "kustomize-controller": ("Kustomization",),
    "notification-controller": ("Alert", "Provider", "Receiver"),
    "source-controller": ("Bucket", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository"),
    "source-watcher": ("ArtifactGenerator",),
}
"""Controller -> kinds whose state it writes: the files of a release's manifests in which their definitions lie."""
_STATES = frozenset({"conditions", "events", "event", "controller-log"})
"""Kinds of evidence that controllers write; the names of these files name the object or the controller."""
_SENT = "received"
"""The kind of evidence that is a notification."""


def stood_in(report: ConformanceReport) -> Mapping[str, str]:
    """Return controller -> version of those that ran in place of the release's own, as a reservation says."""
    return {
        one.name: one.version
        for one in report.subject.controllers
        if any(one.name in text and one.version in text for text in report.judgement.provisional_reasons)
    }


def seen_through(row: ResultRow) -> frozenset[str]:
    """Return the controllers whose own words the evidence of a row has."""
    return frozenset(_controllers(row))


def _controllers(row: ResultRow) -> Iterator[str]:
    for file in row.evidence:
        if file.kind == _SENT:
            yield "notification-controller"
        if file.kind in _STATES:
            words = file.path.rpartition("/")[2]
            yield from (name for name, kinds in _KINDS.items() if _named(words, (name, *kinds)))


def _named(words: str, names: tuple[str, ...]) -> bool:
    return re.search(rf"-(?:{'|'.join(names)})(?=[-.])", words) is not None
