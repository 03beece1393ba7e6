"""YAML that says each thing once and is no larger than it looks: what somebody else wrote is read in no other form."""

from typing import Any

import yaml
from yaml.constructor import ConstructorError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where it is: a whole report is a megabyte, and takes the other one ten seconds."""
_DEEPEST = 200
"""Levels of a text. No report has thirty; libyaml itself ends the process beyond some hundred thousand."""
_OPENS, _CLOSES = (yaml.MappingStartEvent, yaml.SequenceStartEvent), (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def plain(text: str | bytes) -> Any:
    """Return what a YAML text says.

    Raises:
        yaml.YAMLError: it is no YAML, has an alias (a few lines can stand for gigabytes), a key twice (of which each
            reader takes another), more levels than anything of ours, or a number or a date that is none.
    """
    _refuse_depth(text)
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse(node)
        try:
            return loader.construct_document(node)
        except (ValueError, OverflowError) as error:  # as of the 31st of February
            raise _error(f"what cannot be read: {error}", node) from error
    finally:
        loader.dispose()


def _refuse_depth(text: str | bytes) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, _OPENS) - isinstance(event, _CLOSES)
        if depth > _DEEPEST:
            raise _error(f"more than {_DEEPEST} levels", event)


def _refuse(root: yaml.Node) -> None:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            raise _error("an alias, which stands for a text elsewhere", node)
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys: set[tuple[str, str]] = set()
            for key, value in node.value:
                name = (str(key.tag), str(key.value))
                if name in keys:
                    raise _error(f"the key '{key.value}' a second time", key)
                keys.add(name)
                waiting += [key, value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _error(said: str, where: Any) -> ConstructorError:
    """Return an error at a node or an event."""
    return ConstructorError(None, None, f"found {said}", where.start_mark)
