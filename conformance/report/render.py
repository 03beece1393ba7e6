"""The report as one HTML page that needs nothing else; the only importer of jinja2."""

from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2

from conformance.model import Outcome
from conformance.report import charts, combined_page, kill_matrix, network_matrix, parity_page, upgrade_picture, wording
from conformance.report.base import Document
from conformance.report.combined_schema import CombinedReport
from conformance.report.schema import ConformanceReport, ResultRow

_TEMPLATE, _COMBINED, _CERTIFICATE = "report.html.j2", "combined.html.j2", "certificate.html.j2"


def render_html(report: ConformanceReport) -> str:
    """Return the page: no network, no external script, and every text of the report escaped."""
    return _environment().get_template(_TEMPLATE).render(report=report, **_pictures(report))


def render_combined(report: CombinedReport) -> str:
    """Return the page of several certifications: a column for each, with a link to its own report."""
    found = {"checks": combined_page.checks(report), "beside": parity_page.BESIDE}
    return _environment().get_template(_COMBINED).render(report=report, page=combined_page, parity=parity_page, **found)


def render_certificate(certificate: Document, page: object) -> str:
    """Return the page of a certificate; `page` has its words."""
    return _environment().get_template(_CERTIFICATE).render(certificate=certificate, page=page)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("conformance.report"),
        # All templates are HTML, whatever their suffix: autoescape never depends on a file's name.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(seconds=wording.seconds, local=_local, web=_web, short=_short)
    environment.globals.update(wording=wording, charts=charts)
    return environment


def _pictures(report: ConformanceReport) -> dict[str, Any]:
    limits = wording.limits(report)
    return {
        "matrix": charts.results_matrix(report),
        "networks": network_matrix.pictures(report),
        "timelines": upgrade_picture.timelines(report),
        "kill_matrices": kill_matrix.pictures(report),
        "phase_bars": charts.phase_bars(report),
        "slowest_bars": charts.slowest_bars(report),
        "findings": [row for row in report.results if wording.is_finding(row)],
        "broken": [row for row in report.results if wording.is_breakdown(row)],
        "limits": limits,
        "areas": _by_area(report),
        "explained_at": _explained_at(report),
        "outcomes": [outcome for outcome in Outcome if any(row.result is outcome for row in report.results)],
    }


def _by_area(report: ConformanceReport) -> list[tuple[str, str, list[ResultRow]]]:
    # The environments of one check side by side; sorting is stable, so staging stays first.
    rows = sorted(report.results, key=lambda row: row.key)
    letters = sorted({wording.area(row) for row in rows})
    return [
        (letter, wording.AREAS.get(letter, "other"), [row for row in rows if wording.area(row) == letter])
        for letter in letters
    ]


def _explained_at(report: ConformanceReport) -> dict[str, str]:
    """Return id of a check -> anchor of its first result, which shows the explanation for all of them."""
    rows = sorted(report.results, key=lambda row: row.key)
    return {row.id: charts.anchor(row) for row in reversed(rows) if row.id in report.explanations}


def _local(path: str) -> str:
    """Return a link to a file beside the report; a scheme in it (`javascript:`) becomes part of a file's name."""
    return "./" + quote(path.lstrip("/"), safe="/")


def _web(address: str) -> str:
    """Return an address if a browser may follow it, else nothing."""
    return address if address.startswith(("https://", "http://")) else ""


def _short(digest: str) -> str:
    return digest[:12]
