"""The fleet repository under certification: read and checked first, then rendered for the local servers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import InputError
from conformance.model import Environment, Manifest, Route
from conformance.repos import flux_instance
from conformance.repos import probes as probe_tenants
from conformance.repos.fleet_config import EnvironmentFolders, FleetProfile, load_profile
from conformance.repos.mapping import AddressMap, copy_mapped
from conformance.repos.probes import AuthSecret, Probe
from conformance.repos.resourceset_writer import made_by_hand
from conformance.repos.writers import Newcomer, Writer
from conformance.repos.yaml_files import LocatedDocument, check_syntax, load_objects, parse_objects, yaml_files

Build = Callable[[Path], str]
"""Runs `kubectl kustomize` on a folder, and returns the YAML."""

MakeWriter = Callable[[Path, Sequence[Manifest]], Writer]
"""Makes the writer of the run, from the rendered fleet and the objects of its template tenant."""

SOURCE_IGNORE = ".sourceignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A fleet repository whose shape was checked."""

    root: Path
    profile: FleetProfile
    route: Route = Route.CLI

    def folders(self, environment: Environment) -> EnvironmentFolders:
        """Return the folders of an environment, relative to the root."""
        return self.profile.environments[environment]

    def entry(self, environment: Environment) -> str:
        """Return the folder that the sync of this route's bootstrap applies, relative to the root."""
        folders = self.folders(environment)
        return folders.operator if self.route is Route.OPERATOR and folders.operator else folders.cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What was made of a fleet for the local servers."""

    writer: Writer
    """Writes further tenants."""
    added: Sequence[str]
    """The files that were added, or changed; relative to the checkout."""
    secrets: Sequence[AuthSecret]
    """Credentials that a platform admin makes by hand."""


def load_fleet(root: Path, environments: Sequence[Environment], route: Route = Route.CLI) -> Fleet:
    """Read a fleet and check all that can be checked without a cluster.

    Raises:
        InputError: no such folder, a bad conformance.yaml, YAML that does not parse, a folder or a template missing, or
            nothing for this route.
    """
    check_folder(root, "a fleet repository", "--flux-fleet")
    profile, document = load_profile(root)
    for environment in environments:
        _check_environment(root, profile, document, environment, route)
    for path in yaml_files(root):
        check_syntax(path)
    _check_template(root, profile, document)
    fleet = Fleet(root=root, profile=profile, route=route)
    for environment in environments if route is Route.OPERATOR else ():
        flux_instance.find(root, fleet.entry(environment), profile.flux_namespace)
    return fleet


def render_fleet(
    fleet: Fleet,
    environment: Environment,
    addresses: AddressMap,
    probes: Sequence[Probe],
    destination: Path,
    build: Build,
    make_writer: MakeWriter,
) -> Rendered:
    """Copy a fleet with local addresses into an empty folder, and add the probe tenants.

    Raises:
        InputError: the fleet has no tenant, or no sync of tenants, that probes could be made after.
    """
    probe_tenants.check_names(probes, fleet.profile)
    copy_mapped(fleet.root, destination, addresses)
    writer = make_writer(destination, _template(fleet, environment, destination, build))
    folders, entry = fleet.folders(environment), destination / fleet.entry(environment)
    # An operator's folder may take the sync of tenants from the cluster's.
    places = [entry, destination / folders.cluster]
    written = probe_tenants.change_sync(places, folders.tenants, writer.sync_spec) if writer.sync_spec else []
    tenants = str(writer.sync_spec.get("path", folders.tenants)).removeprefix("./")
    if probes:
        folder = f"{probe_tenants.FOLDER}/{environment}"
        git = addresses.apply(fleet.profile.addresses.git) + fleet.profile.organisation
        newcomers = [Newcomer(name=one.name, url=f"{git}{one.name}.git", path=one.path) for one in probes]
        written += writer.write(destination, folder, newcomers)
        sync = probe_tenants.find_sync(places, tenants)
        written += probe_tenants.write_sync(
            entry, probe_tenants.probe_sync(sync, environment, fleet.profile.flux_namespace)
        )
        written += _keep_in_artifact(destination)
    added = [str(path.relative_to(destination)) for path in written]
    own = made_by_hand(parse_objects(build(destination / tenants), Path(tenants)))
    of_probes = writer.secrets(destination, f"{probe_tenants.FOLDER}/{environment}") if probes else []
    return Rendered(writer=writer, added=added, secrets=[*own, *of_probes])


def check_folder(root: Path, what: str, option: str) -> None:
    """Refuse a path that is no folder.

    Raises:
        InputError: names the path and the option that gave it.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder", hint=f"{option} names the checkout of {what}.")


def _template(fleet: Fleet, environment: Environment, destination: Path, build: Build) -> list[Manifest]:
    folder = fleet.folders(environment).tenants
    built = parse_objects(build(destination / folder), Path(folder))
    return probe_tenants.template_objects(built, fleet.profile.tenant_template, folder)


def _keep_in_artifact(destination: Path) -> list[Path]:
    """Let the probes through a .sourceignore that names only what it wants."""
    path = destination / SOURCE_IGNORE
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text.rstrip()}\n!/{probe_tenants.FOLDER}/\n", encoding="utf-8")
    return [path]


def _check_environment(
    root: Path, profile: FleetProfile, document: LocatedDocument, environment: Environment, route: Route
) -> None:
    if environment not in profile.environments:
        raise InputError(
            f"{document.where('environments')}: environments: {environment} is missing",
            hint=f"Add it, or choose by --environment (pytest: -m): {', '.join(sorted(profile.environments))}.",
        )
    for part, folder in _wanted_folders(profile.environments[environment], route).items():
        if folder is None:
            raise InputError(
                f"{document.where('environments', environment)}: environments.{environment}.operator: is missing: the "
                "fleet says nothing of a bootstrap by the Flux Operator",
                hint="name the folder that the FluxInstance's sync applies, or take --flux-bootstrap cli.",
            )
        if not (root / folder).is_dir():
            raise InputError(
                f"{document.where('environments', environment, part)}: the fleet has no folder {folder}",
                hint=f"`environments.{environment}.{part}` in conformance.yaml says where it is.",
            )


def _wanted_folders(folders: EnvironmentFolders, route: Route) -> dict[str, str | None]:
    """Return the folders that this route needs: nobody has to have what only the other one wants."""
    # Whether the others are wanted is no matter of the route, see `check_onboarding`.
    found: dict[str, str | None] = folders.model_dump(exclude={"resource_set", "oci_tenants", "oci_resource_set"})
    if route is not Route.OPERATOR:
        del found["operator"]
    return found


def _check_template(root: Path, profile: FleetProfile, document: LocatedDocument) -> None:
    """Look for the template's namespace; whether it is complete shows when the tenants are built."""
    template = profile.tenant_template
    for path in yaml_files(root):
        for one in load_objects(path):
            metadata = one.get("metadata") or {}
            named = probe_tenants.is_kind(one, "v1", "Namespace") and metadata.get("name") == template.namespace
            # A kustomization.yaml may also set it.
            if named or one.get("namespace") == template.namespace:
                return
    raise InputError(
        f"{document.where('tenantTemplate', 'namespace')}: the fleet has no namespace {template.namespace}, "
        f"which tenant {template.tenant} should live in",
        hint="`tenantTemplate` in conformance.yaml names a tenant of the fleet, after which probes are made.",
    )
