"""The repository of a tenant: checked, then rendered for the local servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import InputError
from conformance.model import Environment
from conformance.repos.fleet import check_folder
from conformance.repos.mapping import AddressMap, copy_mapped
from conformance.repos.probes import rename
from conformance.repos.yaml_files import check_syntax, dump, load_objects, yaml_files


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRepo:
    """A tenant repository whose shape was checked."""

    root: Path


def load_tenant_repo(root: Path, environments: Sequence[Environment] = (Environment.STAGING,)) -> TenantRepo:
    """Read a tenant repository and check all that can be checked without a cluster.

    Raises:
        InputError: no such folder, a folder for an environment missing, or YAML that does not parse.
    """
    check_folder(root, "a tenant's repository", "--flux-tenant")
    for environment in environments:
        if not (root / environment).is_dir():
            raise InputError(
                f"{root}: no folder {environment}", hint="The fleet syncs the folder named after the environment."
            )
    for path in yaml_files(root):
        check_syntax(path)
    return TenantRepo(root=root)


def render_tenant(root: Path, addresses: AddressMap, destination: Path, names: Mapping[str, str] | None = None) -> None:
    """Copy a tenant repository with local addresses into an empty folder.

    `names` are whole words to replace in the YAML, to give one repository to several tenants: `{"apps": "ops"}`.
    """
    copy_mapped(root, destination, addresses)
    if not names:
        return
    for path in yaml_files(destination):
        path.write_text(dump([rename(one, names) for one in load_objects(path)]), encoding="utf-8")
