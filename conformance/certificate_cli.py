"""`flux-tenancy certify` and what goes with it: a certificate of an upgrade, its verification, keys and the index.

Errors of the suite pass through: the command that mounts these prints them.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from conformance import catalog_page
from conformance.certificate import attestation, index, page, signing
from conformance.certificate.compose import refuse_other_upgrade
from conformance.certificate.folder import BUNDLE_FILE, given_by, read_certificate, refuse_taken, write_certificate
from conformance.certificate.running import Interrupted, run_both
from conformance.certificate.surfaces import Surfaces
from conformance.certificate.verify import GITHUB_ISSUER, Trust, Verified, printable, verify
from conformance.errors import InputError, ToolchainError
from conformance.foreground import INTERRUPTED
from conformance.model import EXIT_CODES, ExitCode
from conformance.options import BOOTSTRAPS, PROVIDERS, argv_of
from conformance.providers.protocol import EXISTING
from conformance.report.write import load_report, write_file
from conformance.settings import PACKAGE_DIR, data_dir, state_dir
from conformance.surface import surface_of
from conformance.toolchain import pair_of, releases

PUBLISHED = PACKAGE_DIR.parent / "certificates"
"""Of a checkout; the wheel has none."""
_LENDING = "embedded"
"""The provider that runs binaries: those of one release can stand in for those that another lacks."""
FolderOption = Annotated[Path | None, typer.Option(help="A folder.")]


def certify(
    source: Annotated[
        str, typer.Option("--from", help="Flux release that runs now; default: the last before --to.")
    ] = "",
    target: Annotated[str, typer.Option("--to", help="Flux release to upgrade to; default: the newest.")] = "",
    before: Annotated[Path | None, typer.Option(help="Report of the release that runs now; none: run it.")] = None,
    after: Annotated[Path | None, typer.Option(help="Report of the release to upgrade to; none: run it.")] = None,
    upgrade: Annotated[Path | None, typer.Option(help="Report of `flux-tenancy upgrade` between both.")] = None,
    environment: Annotated[str, typer.Option("--environment", "-e", help="staging, production or all.")] = "staging",
    provider: Annotated[str, typer.Option("--provider", help="Where the platforms come from.")] = "embedded",
    bootstrap: Annotated[str, typer.Option("--bootstrap", help="How Flux gets onto them: cli, operator.")] = "cli",
    profile: Annotated[str, typer.Option("--profile", help="Levels to judge: core, hardened.")] = "",
    fleet: FolderOption = None,
    tenant: FolderOption = None,
    k: Annotated[str, typer.Option("-k", help="Only checks that match, as pytest's -k.")] = "",
    key: Annotated[Path | None, typer.Option(help="NAME.key to sign with; NAME.pub lies beside it.")] = None,
    folder: Annotated[Path | None, typer.Option("--certificate", help="Folder to write; not there yet.")] = None,
    publish: Annotated[Path | None, typer.Option(help="Folder of certificates to write <from>-<to> into.")] = None,
    parts: Annotated[
        Path | None, typer.Option("--attestation", help="Folder for what `actions/attest` takes: predicate, subjects.")
    ] = None,
    further: Annotated[list[str] | None, typer.Argument(help="Arguments for pytest, after --.")] = None,
) -> None:
    """Answer one question: may a platform be upgraded? 0 yes, 1 no, 10 inconclusive."""
    _refuse_platform(provider, bootstrap)
    source, target = pair_of(data_dir("toolchain"), source, target)
    _refuse(source, target, before, after)
    if before is None:
        _refuse_releases(source, target, provider)
    name = f"{source}-{target}"
    place = (folder or (publish / name if publish else _new_place("certificates", name))).absolute()
    refuse_taken(place)
    if upgrade is not None:
        refuse_other_upgrade(load_report(upgrade), source, target)  # nor is an hour of runs lost to a wrong report
    if key is not None:
        signing.signed(b"", key)  # a key that does not sign is refused before an hour of runs
    words = argv_of({"--flux-provider": provider, "--flux-bootstrap": bootstrap, "--flux-profile": profile})
    words += argv_of({"--flux-fleet": fleet, "--flux-tenant": tenant})  # a folder of binaries would be of one release
    selected = [f"--environment={environment}", *(["-k", k] if k else []), "--", *words, *(further or [])]
    old, new = (before, after) if before and after else _run(source, target, provider, selected)
    # Only now are all controllers in the cache that this machine can ask for their flags.
    given = given_by(old, new, _surfaces(source, target), upgrade)
    if (given.before.version, given.after.version) != (source, target):
        raise InputError(
            f"the reports are of Flux {given.before.version} and {given.after.version}, not of {source} and {target}",
            hint="--before is the report of --from, --after that of --to",
        )
    certificate = write_certificate(place, given, catalog_page.markdown(""), key)
    if parts is not None:
        attestation.write_parts(parts, place)
    typer.echo(page.text(certificate) + f"  {'certificate':<16} {place}")
    raise typer.Exit(certificate.exit_code)


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of a certificate.")],
    key: Annotated[Path | None, typer.Option(help="NAME.pub: the public key that it must be signed with.")] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Content with digests: no signature is wanted.")] = False,
    trusted_root: Annotated[
        Path | None, typer.Option(help="Roots of trust for an attestation: `gh attestation trusted-root > FILE`.")
    ] = None,
    identity: Annotated[
        str,
        typer.Option(help="The workflow that must have attested: https://github.com/…/certify.yml@refs/heads/main."),
    ] = "",
    issuer: Annotated[str, typer.Option(help="Who vouches for that identity.")] = GITHUB_ISSUER,
) -> None:
    """Verify a certificate offline: every digest, the signature, the answer. 0 whole, 1 edited, 10 not signed."""
    if unsigned and (key or trusted_root or identity):
        raise InputError("--unsigned excludes --key, --trusted-root and --identity", hint="give one of them")
    if (trusted_root is None) != (not identity):
        raise InputError(
            "--trusted-root and --identity belong together: a root of trust vouches for every workflow there is",
            hint="`flux-tenancy verify FOLDER` prints who signed by their own word; expect whom you know",
        )
    trust = None if trusted_root is None else Trust(root=trusted_root, identity=identity, issuer=issuer)
    found = verify(folder, key, trust)
    for problem in found.problems:
        typer.echo(f"WRONG  {problem}")
    for note in found.notes:
        typer.echo(f"note   {note}")
    typer.echo(printable(_told(found, unsigned=unsigned)))
    if found.problems:
        raise typer.Exit(EXIT_CODES[ExitCode.NON_CONFORMANT])
    raise typer.Exit(0 if found.signed or unsigned else EXIT_CODES[ExitCode.INCONCLUSIVE])


def certificate_key(path: Annotated[Path, typer.Argument(metavar="NAME", help="NAME.key and NAME.pub.")]) -> None:
    """Make a pair of keys for certificates: keep NAME.key secret, give NAME.pub to who verifies."""
    private, public = signing.new_key(path)
    typer.echo(f"secret  {private}\npublic  {public}")


def certificate_attestation(
    folder: Annotated[Path, typer.Argument(help="Folder of a certificate.")],
    bundle: Annotated[Path, typer.Argument(help="The bundle of its attestation, or a folder with it among others.")],
) -> None:
    """Put an attestation into a certificate's folder, if it is of just this certificate."""
    attestation.add_bundle(folder, bundle)
    typer.echo(str(folder / BUNDLE_FILE))


def certificates(
    folder: Annotated[Path, typer.Argument(help="Folder of published certificates.")] = PUBLISHED,
) -> None:
    """Write the index of published certificates anew."""
    write_file(folder / index.INDEX_FILE, index.markdown(folder).encode())
    for place in index.folders(folder):
        typer.echo(f"{place.name:<24} {page.answer(read_certificate(place))}")


def _refuse(source: str, target: str, before: Path | None, after: Path | None) -> None:
    if source == target:
        raise InputError(f"--from and --to are both {target}", hint="name two releases")
    if (before is None) != (after is None):
        raise InputError("one report alone was given", hint="give --before and --after, or neither: then both are run")


def _refuse_platform(provider: str, bootstrap: str) -> None:
    """Refuse what no run of both releases could take: here once, and not by the first of them."""
    if provider == EXISTING:
        raise InputError(
            "a certificate is of two releases on platforms of the suite's own: an existing cluster has one",
            hint="`flux-tenancy run --provider existing --context NAME` audits it; leave --provider out here",
        )
    for name, value, known in (("--provider", provider, PROVIDERS), ("--bootstrap", bootstrap, BOOTSTRAPS)):
        if value not in known:
            raise InputError(
                f"{name} '{value}' is not one of {', '.join(known)}", hint="a certificate is of one platform"
            )


def _refuse_releases(source: str, target: str, provider: str) -> None:
    """Refuse what cannot be run, before an hour of runs: an unknown release, or a lender that lacks parts."""
    data = data_dir("toolchain")
    known = {release.version for release in releases(data)}
    for version in (source, target):
        if version not in known or (version == source and provider == _LENDING):
            releases(data, version)


def _surfaces(source: str, target: str) -> Surfaces | None:
    """Return both surfaces; None where a release's own data cannot be had: the certificate says so."""
    try:
        return surface_of(source), surface_of(target)
    except (InputError, ToolchainError) as error:
        typer.echo(f"the surface is not compared: {error}", err=True)
        return None


def _run(source: str, target: str, provider: str, words: Sequence[str]) -> tuple[Path, Path]:
    runs = _new_place("reports", f"certify-{source}-{target}")
    try:
        own = {target: _stand_in(source, target) if provider == _LENDING else []}
        old, new = run_both((source, target), words, runs, typer.echo, own)
    except Interrupted as interrupted:
        raise typer.Exit(INTERRUPTED) from interrupted
    return old, new


def _stand_in(source: str, target: str) -> list[str]:
    """Let the release that runs now lend the controllers that the other has not here; Kind runs images instead."""
    lacking = [release.missing for release in releases(data_dir("toolchain")) if release.version == target]
    return argv_of({"--flux-stand-in": source if lacking and lacking[0] else ""})


def _new_place(kind: str, name: str) -> Path:
    return state_dir() / kind / f"{name}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"


def _told(found: Verified, *, unsigned: bool) -> str:
    if found.problems:
        named = len({problem.file for problem in found.problems})
        return f"this is not the certificate that was made: {len(found.problems)} problems with {named} files"
    if found.certificate is None:
        return "this is no certificate"
    said = "its signature is right" if found.signed else "its signature was not looked at"
    said += f": {found.attested_by} attested it" if found.attested_by else ""
    hint = "" if found.signed or unsigned else "\n  next  give --key NAME.pub, or --unsigned if none is wanted"
    made = "every file is as it was made; the answer was made again, pages and sentences are held by digests alone"
    return f"{page.text(found.certificate)}  {made}; {said}{hint}"
