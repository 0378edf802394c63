"""The shape of every segment as text. Committed as a lock file, so that no change of shape goes unnoticed.

`python -m gateway.encode.schema` prints it.
"""

import sys
from enum import Enum

import msgspec
from msgspec import UNSET, Struct, inspect

from gateway.encode.segments import KINDS
from gateway.ir import version
from gateway.ir.secret import Secret


def render() -> str:
    """One block per shape, one line per field: name, type, and the default that an absent field has."""
    blocks = [f"ir {version.MAJOR}.{version.MINOR}"]
    seen: dict[type, None] = dict.fromkeys(KINDS)
    queue: list[type] = list(KINDS)
    while queue:
        shape = queue.pop(0)
        info = inspect.type_info(shape)
        found: list[type] = []
        if isinstance(info, inspect.StructType):
            blocks.append(_struct(info, found))
        elif isinstance(info, inspect.EnumType):
            blocks.append("\n".join([f"{shape.__name__} text", *(f"  {member.value}" for member in _members(shape))]))
        fresh = [other for other in found if other not in seen]
        seen |= dict.fromkeys(fresh)
        queue += dict.fromkeys(fresh)
    return "\n\n".join(blocks) + "\n"


def _struct(info: inspect.StructType, found: list[type]) -> str:
    head = f"{info.cls.__name__} {'array' if info.array_like else 'map'}"
    if info.tag is not None:
        head += f" {info.tag_field}={info.tag}"
    lines = [head]
    for field in info.fields:
        line = f"  {field.encode_name}: {_text(field.type, found)}"
        lines.append(line if field.required else f"{line} = {_default(field)}")
    return "\n".join(lines)


def _default(field: inspect.Field) -> str:
    value = field.default if field.default is not msgspec.NODEFAULT else UNSET
    if isinstance(value, Enum):
        return str(value.value)
    return "{}" if isinstance(value, Struct) else repr(value)


def _text(kind: inspect.Type, found: list[type]) -> str:
    match kind:
        case inspect.StructType() | inspect.EnumType():
            found.append(kind.cls)
            return kind.cls.__name__
        case inspect.UnionType():
            return " | ".join(_text(part, found) for part in kind.types)
        case inspect.VarTupleType():
            return f"[{_text(kind.item_type, found)}…]"
        case inspect.CustomType() if kind.cls is Secret:
            return "bytes"
        case inspect.TupleType():
            return f"[{', '.join(_text(part, found) for part in kind.item_types)}]"
        case inspect.DictType():
            return f"{{{_text(kind.key_type, found)}: {_text(kind.value_type, found)}}}"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def _members(shape: type) -> list[Enum]:
    return list(shape) if issubclass(shape, Enum) else []


if __name__ == "__main__":
    sys.stdout.write(render())
