"""The catalog: every check of the package, read from the checks themselves."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from conformance.api import ATTRIBUTE
from conformance.errors import InputError
from conformance.model import Check
from conformance.report.wording import AREAS

CHECKS = Path(__file__).resolve().parent / "checks"


@dataclass(frozen=True, slots=True)
class Listed:
    """A check and its files."""

    check: Check
    module: Path

    @property
    def scenario(self) -> Path:
        """The YAML beside the check."""
        return self.module.with_name(self.module.stem.removeprefix("test_") + ".yaml")


def listed(area: str = "") -> list[Listed]:
    """Return every check, or those of one area, by id.

    Raises:
        InputError: two checks have the same id, or there is no such area.
    """
    if area and area.upper() not in AREAS:
        raise InputError(f"no area has the letter '{area}'", hint=f"known: {', '.join(AREAS)}")
    found: dict[str, Listed] = {}
    for path in sorted(CHECKS.glob("*/test_*.py")):
        for item in vars(_load(path)).values():
            check = getattr(item, ATTRIBUTE, None)
            if isinstance(check, Check):
                if check.id in found:
                    raise InputError(f"{path}: {check.id} is declared by {found[check.id].module} as well")
                found[check.id] = Listed(check, path)
    return [found[key] for key in sorted(found) if key.startswith(area.upper())]


def _load(path: Path) -> ModuleType:
    name = f"conformance.checks.{path.parent.name}.{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
