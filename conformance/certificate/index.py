"""The index of published certificates: a page that is generated from the folders beside it."""

from collections.abc import Iterator
from pathlib import Path

from conformance.certificate import page
from conformance.certificate.folder import (
    BUNDLE_FILE,
    CERTIFICATE_FILE,
    ENVELOPE_FILE,
    HTML_FILE,
    MARKDOWN_FILE,
    read_certificate,
)
from conformance.certificate.schema import Certificate
from conformance.report.markdown import cell, table

INDEX_FILE = "README.md"
_HEAD = """# Certificates

What a Flux release changes for tenants, known before it is rolled out. Each folder is as `flux-tenancy certify` wrote
it, and `flux-tenancy verify FOLDER` finds every edited byte. This page is generated: `make certificates`."""


def markdown(folder: Path) -> str:
    """Return the index of the certificates below a folder.

    Raises:
        InputError: one of them cannot be read.
    """
    found = [(place, read_certificate(place)) for place in folders(folder)]
    if not found:
        return f"{_HEAD}\n\nNone is published yet.\n"
    blocks = [_HEAD, "\n".join(_table(found)), "## Again"]
    blocks += [f"{place.name}:\n\n    {certificate.reproduce}" for place, certificate in found]
    return "\n\n".join(blocks) + "\n"


def folders(folder: Path) -> list[Path]:
    """Return the folders of certificates below a folder, by name."""
    return sorted(path.parent for path in folder.glob(f"*/{CERTIFICATE_FILE}"))


def _table(found: list[tuple[Path, Certificate]]) -> Iterator[str]:
    heads = ("upgrade", "may upgrade", "checks", "surface", "platform", "signed with")
    lines = [_line(place, certificate) for place, certificate in found]
    rows = table(heads, lines).splitlines()
    yield from rows[:2]
    for (place, _), row in zip(found, rows[2:], strict=True):
        links = f"[{cell(place.name)}]({place.name}/{MARKDOWN_FILE}) ([HTML]({place.name}/{HTML_FILE}))"
        yield row.replace(f"| {cell(place.name)} |", f"| {links} |", 1)


def _line(place: Path, certificate: Certificate) -> tuple[str, ...]:
    platform = certificate.platform
    return (
        place.name,
        page.answer(certificate),
        page.numbers(certificate),
        page.surface(certificate),
        f"{platform.bootstrap} on {platform.provider}, Kubernetes {platform.kubernetes}",
        _signatures(place),
    )


def _signatures(place: Path) -> str:
    """Return what there is to verify; whether it is right, and whose an attestation is, the page cannot tell."""
    named = {ENVELOPE_FILE: "a local key", BUNDLE_FILE: "an attestation"}
    return ", ".join(said for file, said in named.items() if (place / file).is_file()) or "no local key"
