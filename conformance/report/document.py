"""A report as YAML text, and back; reading says which field is wrong."""

from collections.abc import Collection
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from yaml.constructor import ConstructorError

from conformance.errors import InputError
from conformance.report.base import Document
from conformance.report.combined_schema import COMBINED_KIND, CombinedReport
from conformance.report.plain import plain
from conformance.report.schema import API_VERSION, KIND, ConformanceReport

D = TypeVar("D", bound=Document)
_WIDTH = 120
_MODELS: dict[str, type[ConformanceReport | CombinedReport]] = {KIND: ConformanceReport, COMBINED_KIND: CombinedReport}
_SHOWN = 5
"""How many wrong fields an error names before it only counts them."""


class _Dumper(yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper):  # type: ignore[misc]
    """Texts of several lines as blocks, so that a diff of two reports can be read."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)
    return node


_Dumper.add_representer(str, _text)


def to_yaml(report: Document, *, as_read: bool = False) -> str:
    """Return the text of `report.yaml`; `as_read`: with those fields alone that the text had which it was read from."""
    data = report.model_dump(mode="json", by_alias=True, exclude_unset=as_read)
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def from_yaml(text: str, name: str = "report.yaml") -> ConformanceReport:
    """Read the report of one certification from its YAML text; errors call the text `name`.

    Raises:
        InputError: it is not YAML, not such a report, or one of another version.
    """
    known = any_from_yaml(text, name)
    if not isinstance(known, ConformanceReport):
        raise InputError(
            f"'{name}' is a {COMBINED_KIND}, of several certifications; a {KIND} is wanted",
            hint="give the report of one of its columns, which lie in folders beside it",
        )
    return known


def any_from_yaml(text: str, name: str = "report.yaml") -> ConformanceReport | CombinedReport:
    """Read a report of one certification or of several from its YAML text; errors call the text `name`.

    Raises:
        InputError: it is not YAML, not a report, or one of another version.
    """
    data = _loaded(text, name, _MODELS)
    return _validated(_MODELS[data["kind"]], data, name)


def document_from_yaml(text: str, name: str, model: type[D], kind: str) -> D:
    """Read a document of another kind that is made from reports; errors call the text `name`.

    Raises:
        InputError: it is not YAML, not such a document, or one of another version.
    """
    return _validated(model, _loaded(text, name, (kind,)), name)


def _loaded(text: str, name: str, kinds: Collection[str]) -> dict[str, Any]:
    try:
        data = _parsed(text)
    except yaml.YAMLError as error:
        raise InputError(f"'{name}' is not YAML: {_where(error)}", hint="give the report.yaml of a run") from error
    if not isinstance(data, dict) or data.get("kind") not in kinds:
        found = f"kind '{data.get('kind')}'" if isinstance(data, dict) else type(data).__name__
        wanted = KIND if KIND in kinds else next(iter(kinds))
        raise InputError(f"'{name}' is not a {wanted}: found {found}", hint="give the report.yaml of a run")
    if data.get("apiVersion") != API_VERSION:
        raise InputError(
            f"'{name}' is of version '{data.get('apiVersion')}'; this suite reads {API_VERSION}",
            hint="read it with the release of the suite that wrote it (suite.version)",
        )
    return data


def _parsed(text: str) -> Any:
    try:
        return plain(text)
    except ConstructorError:
        raise
    except yaml.YAMLError:
        yaml.safe_load(text)  # its errors name the line in which something is missing
        raise


def _validated(model: type[D], data: dict[str, Any], name: str) -> D:
    try:
        return model.model_validate(data, strict=False)
    except ValidationError as error:
        schema = "combined" if data["kind"] == COMBINED_KIND else "report"
        hint = f"reports are read exactly as they were written; the schema is conformance/report/{schema}.schema.json"
        raise InputError(f"'{name}' does not follow its schema: {_wrong(error)}", hint=hint) from error


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


def _wrong(error: ValidationError) -> str:
    found = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors()]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more
