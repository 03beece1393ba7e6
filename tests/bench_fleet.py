"""Fleets of any number of tenants, made from the reference fleet, for the bench."""

import shutil
from pathlib import Path

import yaml

from conformance.repos.probes import rename
from conformance.repos.yaml_files import dump, load_objects
from conformance.settings import data_dir

TEMPLATE = ("dev-team", "apps")


def fleet_of(tenants: int, folder: Path) -> Path:
    """Write a copy of the reference fleet with so many tenants; return its folder."""
    shutil.copytree(data_dir("fleet-repo"), folder)
    profile = yaml.safe_load((folder / "conformance.yaml").read_text())
    added = [f"team-{number:03d}" for number in range(len(profile["tenants"]) + 1, tenants + 1)]
    for name in added:
        _add(folder, name)
    profile["tenants"] |= {name: f"{name}-apps" for name in added}
    (folder / "conformance.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    return folder


def _add(folder: Path, name: str) -> None:
    base = folder / "tenants" / "base"
    names = dict(zip(TEMPLATE, (name, f"{name}-apps"), strict=True))
    for path in sorted((base / TEMPLATE[0]).iterdir()):
        target = base / name / path.name
        target.parent.mkdir(exist_ok=True)
        target.write_text(dump([rename(one, names) for one in load_objects(path)]))
    for overlay in ("staging", "production"):
        listing = folder / "tenants" / overlay / "kustomization.yaml"
        text = listing.read_text()
        listing.write_text(text.replace("  - ../base/dev-team\n", f"  - ../base/dev-team\n  - ../base/{name}\n", 1))
