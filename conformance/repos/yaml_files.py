"""YAML files and the lines of what they say, so that every complaint names a file and a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import InputError
from conformance.model import Manifest

LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""libyaml where it is there: a fleet's gotk-components.yaml has 15,000 lines."""

DUMPER = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper

SUFFIXES = frozenset({".yaml", ".yml"})

Location = tuple[str | int, ...]
"""The way to a value: keys and positions, from the document's root."""


@dataclass(frozen=True, slots=True)
class LocatedDocument:
    """One document and the line of each of its keys and items."""

    path: Path
    data: Any
    lines: dict[Location, int]
    duplicates: Sequence[tuple[Location, int]] = ()

    def where(self, *location: str | int) -> str:
        """Return `file:line` of a key, or of the nearest parent that the file has."""
        while location and location not in self.lines:
            location = location[:-1]
        return f"{self.path}:{self.lines.get(location, 1)}"


@dataclass(slots=True)
class _Walk:
    lines: dict[Location, int] = field(default_factory=dict)
    duplicates: list[tuple[Location, int]] = field(default_factory=list)

    def visit(self, node: yaml.Node, location: Location) -> None:
        self.lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._key(key, (*location, str(key.value)))
                self.visit(value, (*location, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self.visit(item, (*location, position))

    def _key(self, key: yaml.Node, location: Location) -> None:
        line = key.start_mark.line + 1
        if location in self.lines:
            self.duplicates.append((location, line))
        self.lines[location] = line


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line}: not UTF-8 text", hint="Save the file as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint="Check the file's permissions.") from error


def check_syntax(path: Path) -> None:
    """Parse a file without building objects.

    Raises:
        InputError: the file is not YAML; names the line.
    """
    text = read_text(path)
    try:
        for _ in yaml.parse(text, Loader=LOADER):
            pass
    except yaml.YAMLError as error:
        raise _syntax_error(path, text, error) from error


def load_located(path: Path) -> LocatedDocument:
    """Load a file of one document, with its lines.

    Raises:
        InputError: the file is not YAML, or has several documents.
    """
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=LOADER)
        data = yaml.load(text, Loader=LOADER)  # noqa: S506 - LOADER is a safe one
    except yaml.YAMLError as error:
        raise _syntax_error(path, text, error) from error
    walk = _Walk()
    if node is not None:
        walk.visit(node, ())
    return LocatedDocument(path, data, walk.lines, tuple(walk.duplicates))


def load_objects(path: Path) -> list[Manifest]:
    """Load the Kubernetes objects of a file; documents that are empty or no mappings are left out.

    Raises:
        InputError: the file is not YAML.
    """
    return parse_objects(read_text(path), path)


def parse_objects(text: str, origin: Path) -> list[Manifest]:
    """Load the Kubernetes objects of a text; `origin` is named in errors."""
    try:
        return [document for document in yaml.load_all(text, Loader=LOADER) if isinstance(document, dict)]
    except yaml.YAMLError as error:
        raise _syntax_error(origin, text, error) from error


def dump(objects: Sequence[Manifest]) -> str:
    """Write objects as a YAML stream, keys in the order they came in."""
    return yaml.dump_all([dict(one) for one in objects], Dumper=DUMPER, sort_keys=False, width=120)


def yaml_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files under a folder, without `.git` and the templates of Helm charts."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file() and not _left_out(path, folder):
            yield path


def _left_out(path: Path, folder: Path) -> bool:
    """Chart templates are not YAML until they are rendered."""
    if ".git" in path.relative_to(folder).parts:
        return True
    return any(
        parent.name == "templates" and (parent.parent / "Chart.yaml").is_file()
        for parent in path.parents
        if parent.is_relative_to(folder)
    )


def _syntax_error(path: Path, text: str, error: yaml.YAMLError) -> InputError:
    line = 1
    problem = str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        problem = error.problem or problem
    elif isinstance(error, yaml.reader.ReaderError):
        line = text[: error.position].count("\n") + 1
        problem = f"character {error.character!r} is not allowed"
    # libyaml puts a problem at the end of a file on the line after the last one.
    line = max(1, min(line, len(text.splitlines())))
    return InputError(f"{path}:{line}: not valid YAML: {problem}", hint="Check the indentation and the quotes there.")
