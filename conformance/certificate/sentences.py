"""What a certificate says apart from its sentences: what can be made again by a suite that has other words. Pure."""

from conformance.certificate.schema import Certificate, Change, InPlace, SurfaceBlock
from conformance.model import Outcome

_OUTCOMES = frozenset(Outcome)


def without_sentences(certificate: Certificate) -> Certificate:
    """Return a certificate in which each sentence of a suite is empty; how many there are stays."""
    surface, upgrade = certificate.surface, certificate.upgrade
    rows = tuple(_change(row) for row in certificate.comparison.rows)
    return certificate.model_copy(
        update={
            "reasons": _none(certificate.reasons),
            "provisional_reasons": _none(certificate.provisional_reasons),
            "comparison": certificate.comparison.model_copy(update={"rows": rows}),
            "surface": surface and _surface(surface),
            "upgrade": upgrade and _in_place(upgrade),
            "reproduce": "",
        }
    )


def _none(sentences: tuple[str, ...]) -> tuple[str, ...]:
    return ("",) * len(sentences)


def _change(row: Change) -> Change:
    blank = {"subject": "", "before": "", "after": ""}
    return row.model_copy(
        update={
            "before": row.before if row.before in _OUTCOMES else "",
            "after": row.after if row.after in _OUTCOMES else "",
            "differences": tuple(difference.model_copy(update=blank) for difference in row.differences),
            "notes": _none(row.notes),
        }
    )


def _surface(surface: SurfaceBlock) -> SurfaceBlock:
    changes = tuple(change.model_copy(update={"detail": "", "waiver": ""}) for change in surface.changes)
    return surface.model_copy(
        update={
            "changes": changes,
            "incomparable": _none(surface.incomparable),
            "reservations": _none(surface.reservations),
        }
    )


def _in_place(upgrade: InPlace) -> InPlace:
    return upgrade.model_copy(update={"failures": _none(upgrade.failures), "doubts": _none(upgrade.doubts)})
