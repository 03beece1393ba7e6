"""YAML that says each thing once and is no larger than it looks: what somebody else wrote is read in no other form."""

from typing import Any

import yaml
from yaml.constructor import ConstructorError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where it is: a whole report is a megabyte, and takes the other one ten seconds."""


def plain(text: str | bytes) -> Any:
    """Return what a YAML text says.

    Raises:
        yaml.YAMLError: it is no YAML, has an alias (a few lines can stand for gigabytes), or a key twice (of which each
            reader takes another).
    """
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


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


def _error(said: str, node: yaml.Node) -> ConstructorError:
    return ConstructorError(None, None, f"found {said}", node.start_mark)
