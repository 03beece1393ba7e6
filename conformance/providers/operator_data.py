"""Where the Flux Operator's data lie beside its binary: the manifests of each Flux release, and its own."""

from pathlib import Path

from conformance.errors import ToolchainError
from conformance.toolchain import data_of


def storage_path(binary: Path) -> Path:
    """Return the manifests of each Flux release, which the operator's image holds as /data.

    Raises:
        ToolchainError: they are not beside the binary.
    """
    return _folder(binary, "data")


def install_manifests(binary: Path) -> Path:
    """Return the folder with `crd`, `rbac`, `manager` and `default`: what installs the operator, by kustomize.

    Raises:
        ToolchainError: they are not beside the binary.
    """
    return _folder(binary, "default").parent


def _folder(binary: Path, name: str) -> Path:
    folder = data_of(binary) / "config" / name
    if not folder.is_dir():
        raise ToolchainError(
            f"{folder} is not there: the Flux Operator cannot do without the data of its module",
            hint=f"lay the module's folder config into {data_of(binary)}, or let the suite build it",
        )
    return folder
