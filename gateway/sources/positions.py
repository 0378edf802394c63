"""Where in the text of a document a field was written. Only asked for what a verdict speaks of, so nothing is kept."""

from typing import Final, NamedTuple

from yaml import YAMLError
from yaml.cyaml import CBaseLoader
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_MERGE: Final = "<<"


class Place(NamedTuple):
    """Counted from 0, within the text."""

    line: int
    column: int


class Positions:
    """Of text that has been read before, and is therefore bounded in depth."""

    def __init__(self, text: str) -> None:
        self._roots: list[Node] = []
        loader = CBaseLoader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                if node is not None:
                    self._roots.append(node)
        except YAMLError:  # JSON has escapes that YAML has not: then the start of the document must do
            pass
        finally:
            loader.dispose()

    def find(self, ordinal: int, path: str) -> Place | None:
        """Of a field such as `spec.rules[0].host` in the n-th document, or of what is nearest around it.

        A scalar is where its value is, a collection where its key is.
        """
        if ordinal >= len(self._roots):
            return None
        node = self._roots[ordinal]
        mark = node.start_mark
        rest = path
        while rest:
            found = _step(node, rest)
            if found is None:
                break
            key, node, rest = found
            mark = (node if key is None or isinstance(node, ScalarNode) else key).start_mark
        return Place(mark.line, mark.column)


def _step(node: Node, path: str) -> tuple[Node | None, Node, str] | None:
    """The key (if any), value and rest of the path behind its first part."""
    if path.startswith("["):
        inner, _, rest = path[1:].partition("]")
        if isinstance(node, SequenceNode):
            item = node.value[int(inner)] if inner.isdecimal() and int(inner) < len(node.value) else None
            return None if item is None else (None, item, rest)
    else:
        path = path.removeprefix(".")
        end = next((index for index, char in enumerate(path) if char in ".["), len(path))
        inner, rest = path[:end], path[end:]
    member = _member(node, inner)
    return None if member is None else (*member, rest)


def _member(node: Node, name: str) -> tuple[Node, Node] | None:
    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if key.value == name:
            return key, value
    for key, value in node.value:
        if key.value == _MERGE:
            for source in value.value if isinstance(value, SequenceNode) else [value]:
                found = _member(source, name)
                if found is not None:
                    return found
    return None
