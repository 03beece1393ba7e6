"""The certificate in words: one page of Markdown for a pull request, and the closing text on the terminal."""

from collections.abc import Iterator, Mapping, Sequence

from conformance.certificate.compose import NOT_IN_PLACE, where, why
from conformance.certificate.schema import Answer, Certificate, Change, Direction, Limit
from conformance.report.markdown import cell, table

ANSWERS: Mapping[Answer, str] = {
    Answer.YES: "Nothing that was compared is looser for tenants.",
    Answer.NO: "Something is looser: a tenant can do what it could not do before.",
    Answer.INCONCLUSIVE: "Nothing was seen to be looser, but not everything was compared; this is no yes.",
}
BESIDE: Sequence[tuple[Direction, str]] = (
    (Direction.LOOSER, "Looser"),
    (Direction.INCOMPARABLE, "Incomparable"),
    (Direction.STRICTER, "Stricter"),
)
"""Directions that need a reader, the worst first, with their headings."""
_ROWS = 25
"""How many rows of a heading the one page shows; certificate.yaml has them all."""


def question(certificate: Certificate) -> str:
    """Return what the certificate answers."""
    return f"May a platform go from Flux {certificate.before.flux_version} to {certificate.after.flux_version}?"


def answer(certificate: Certificate) -> str:
    """Return the answer in a word or two."""
    return f"{certificate.may_upgrade}{' (provisional)' if certificate.provisional_reasons else ''}"


def numbers(certificate: Certificate) -> str:
    """Return how many rows there are of each direction."""
    counts = certificate.comparison.counts
    return ", ".join(f"{counts[direction]} {direction}" for direction in Direction if counts[direction]) or "no rows"


def facts(certificate: Certificate) -> Iterator[tuple[str, str]]:
    """Return the labelled lines that every form of the certificate shows."""
    platform = certificate.platform
    yield "checks", f"{numbers(certificate)}; {platform.left_out} of {platform.catalog_size} left out"
    if lent := [where(row) for row in certificate.comparison.of(Direction.NOT_SHOWN) if row.notes]:
        yield "not shown", f"{', '.join(lent)}: a controller of another release stood in"
    for limit in Limit:
        if rows := certificate.comparison.limits(limit):
            yield f"limits it {limit}", ", ".join(where(row) for row in rows)
    yield "surface", surface(certificate)
    yield "in place", in_place(certificate)
    said = (
        f"fleet {platform.fleet}, {platform.bootstrap} on {platform.provider}, Kubernetes {platform.kubernetes}, "
        f"profile {platform.profile}, {' and '.join(platform.environments)}, suite {platform.suite}"
    )
    yield "platform", said
    for side in (certificate.before, certificate.after):
        said = f"{side.verdict}{' (provisional)' if side.provisional else ''}, run of {side.run.started}"
        yield f"Flux {side.flux_version}", said


def surface(certificate: Certificate) -> str:
    """Return what became of the surface, in one line."""
    found = certificate.surface
    if found is None:
        return "not compared"
    said = [f"{sum(c.change == word for c in found.changes)} {word}" for word in ("new", "removed", "changed")]
    unseen = f"{found.waived} that no check looks at by a waiver, {len(found.unmapped)} without one"
    return f"{found.after_entries} entries, {', '.join(said)}; {unseen}"


def in_place(certificate: Certificate) -> str:
    """Return what became of the upgrade of a running platform, in one line."""
    found = certificate.upgrade
    if found is None:
        return NOT_IN_PLACE
    took = ", ".join(f"{seconds:.1f} s" for seconds in found.seconds) or "not completed"
    back = ", ".join(f"{seconds:.1f} s" for seconds in found.seconds_back)
    took += f", and back in {back}" if back else ""
    return f"{found.verdict}: {took}, {found.attacks} attacks ({found.route} on {found.provider})"


def line(row: Change) -> tuple[str, str, str, str]:
    """Return a row of a table: check, environment, statement, what differs."""
    limit = f" (a documented limit {row.limit})" if row.limit else ""
    return (row.key, row.environment, row.statement, why(row) + limit)


def markdown(certificate: Certificate) -> str:
    """Return the page."""
    blocks = [f"# {question(certificate)}", f"**{answer(certificate)}**: {ANSWERS[certificate.may_upgrade]}"]
    blocks.append("\n".join(f"- {name}: {cell(said)}" for name, said in facts(certificate)))
    for title, reasons in (("Why", certificate.reasons), ("Reservations", certificate.provisional_reasons)):
        if reasons:
            blocks += [f"## {title}", "\n".join(f"- {cell(said)}" for said in _short(reasons))]
    for direction, title in BESIDE:
        if rows := certificate.comparison.of(direction):
            heads = ("check", "environment", "statement", "evidence")
            blocks += [f"## {title}", table(heads, [line(row) for row in rows[:_ROWS]])]
            blocks += [f"And {len(rows) - _ROWS} more, in certificate.yaml."] if len(rows) > _ROWS else []
    blocks += ["## Again", f"    {certificate.reproduce}", "`flux-tenancy verify` checks every file of this folder."]
    return "\n\n".join(blocks) + "\n"


def text(certificate: Certificate) -> str:
    """Return the closing text on the terminal."""
    lines = [question(certificate), f"  {answer(certificate)}: {ANSWERS[certificate.may_upgrade]}"]
    lines += [f"  {name:<16} {said}" for name, said in facts(certificate)]
    lines += [f"  {'because':<16} {said}" for said in _short(certificate.reasons)]
    lines += [f"  {'reservation':<16} {said}" for said in _short(certificate.provisional_reasons)]
    return "\n".join(lines) + "\n"


def _short(reasons: Sequence[str]) -> list[str]:
    more = [f"and {len(reasons) - _ROWS} more, in certificate.yaml"] if len(reasons) > _ROWS else []
    return [*reasons[:_ROWS], *more]
