"""Compares a raw value with the type that it shall become, and says everything that is wrong with it at once.

A shape is compiled once from each msgspec type. `read` gives back the value with only the fields that the type has
(null counts as absent, as in Kubernetes), or says what is wrong and gives back something that must not be used. The
decoder of msgspec alone would stop at the first mistake and not tell the key of a mapping.
"""

import binascii
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Final, Protocol

import msgspec
from msgspec import Struct, inspect

from gateway.ir.secret import Secret
from gateway.objects.core import Secret as SecretObject
from gateway.objects.problems import Flaw, Problems, cut, member
from gateway.objects.unread import UNREAD

INT_BITS: Final = 63  # as wide as Kubernetes' widest; narrower ranges are judged by what uses the number
NAME_COMPARED: Final = 64  # longer names are nobody's misspelling, and comparing takes quadratic time


_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Shape(Protocol):
    def read(self, raw: Any, path: str, problems: Problems) -> Any: ...


class Text:
    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        if type(raw) is not str:
            problems.add(Flaw.WRONG_TYPE, path, raw, f"expected a text, found {kind_of(raw)}", _quote(raw))
        return raw


class Number:
    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        if type(raw) is float and raw.is_integer():
            raw = int(raw)  # 80.0 is a whole number in JSON
        if type(raw) is not int:
            digits = type(raw) is str and raw.strip().isdecimal()
            fix = "write it without quotes" if digits else "write a whole number"
            problems.add(Flaw.WRONG_TYPE, path, raw, f"expected a whole number, found {kind_of(raw)}", fix)
        elif raw.bit_length() > INT_BITS:
            problems.add(Flaw.WRONG_TYPE, path, "", "the number is too large", "write a smaller number")
        return raw


class TextOrNumber:
    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        return raw if type(raw) is str else Number().read(raw, path, problems)


class Flag:
    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        if type(raw) is not bool:
            problems.add(
                Flaw.WRONG_TYPE, path, raw, f"expected true or false, found {kind_of(raw)}", "write true or false"
            )
        return raw


class Time:
    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        try:
            return msgspec.convert(raw, _Instant)
        except msgspec.ValidationError:
            fix = "write it as 2026-01-31T12:00:00Z, or leave it out"
            problems.add(Flaw.WRONG_TYPE, path, raw, "expected a point in time with its zone (RFC 3339)", fix)
        return raw


class List:
    def __init__(self, item: Shape) -> None:
        self._item = item

    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        if type(raw) is not list:
            fix = "write a list: [a, b], or one `- ` per line"
            problems.add(Flaw.WRONG_TYPE, path, raw, f"expected a list, found {kind_of(raw)}", fix)
            return raw
        read = self._item.read
        return [read(item, f"{path}[{index}]", problems) for index, item in enumerate(raw)]


class TextMap:
    """Names and texts, such as annotations: the place where an unquoted true or 80 is written most."""

    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        if type(raw) is not dict:
            problems.add(Flaw.WRONG_TYPE, path, raw, f"expected a mapping, found {kind_of(raw)}", "write `name: text`")
            return raw
        found = {}
        for name, value in raw.items():
            if type(value) is str:
                found[name] = value
            elif value is None:
                found[name] = ""  # as Kubernetes reads it
            else:
                reason = f"only texts are allowed here, found {kind_of(value)}"
                problems.add(Flaw.NOT_TEXT, member(path, name), value, reason, _quote(value))
        return found


class Base64Map:
    """The data of a Secret: names and bytes in base64. No value is ever repeated."""

    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        texts = TextMap().read(raw, path, problems)
        if type(texts) is not dict:
            return raw
        found = {}
        for name, value in texts.items():
            try:
                # Line breaks are skipped as Go does; anything else that is not base64 is a mistake.
                plain = binascii.a2b_base64(value.replace("\n", "").replace("\r", ""), strict_mode=True)
            except ValueError:
                fix = "encode it with base64, or move it to stringData as it is"
                problems.add(Flaw.BAD_BASE64, member(path, name), "", "the value is not base64", fix)
            else:
                found[name] = Secret(plain)
        return found


class Record:
    """A mapping with known fields."""

    def __init__(self, fields: Mapping[str, Shape], required: frozenset[str], unread: frozenset[str]) -> None:
        self._fields = fields
        self._required = required
        self._unread = unread

    def read(self, raw: Any, path: str, problems: Problems) -> Any:
        if raw is None:
            raw = {}
        if type(raw) is not dict:
            fix = f"write a mapping with {', '.join(sorted(self._fields))}"
            problems.add(Flaw.WRONG_TYPE, path, raw, f"expected a mapping, found {kind_of(raw)}", fix)
            return raw
        found = {}
        for name, value in raw.items():
            shape = self._fields.get(name)
            if shape is None:
                if name not in self._unread:
                    self._unknown(name, value, path, problems)
            elif value is not None:
                found[name] = shape.read(value, f"{path}.{name}" if path else name, problems)
        for name in self._required - found.keys():
            fix = f"write {name}: under {path}" if path else f"write {name}:"
            problems.add(Flaw.MISSING_FIELD, member(path, name), "", f"{name} is missing", fix)
        return found

    def _unknown(self, name: str, value: object, path: str, problems: Problems) -> None:
        fix = "remove it"
        if len(name) <= NAME_COMPARED:
            known = {known.lower(): known for known in (*self._unread, *self._fields)}
            close = get_close_matches(name.lower(), known, n=1)
            fix = f"did you mean {known[close[0]]}? Otherwise remove it" if close else fix
        reason = f"Kubernetes has no field {cut(name)} here; it is ignored"
        problems.add(Flaw.UNKNOWN_FIELD, member(path, name), value, reason, fix)


def _quote(raw: object) -> str:
    return "write it in quotes" if isinstance(raw, (bool, int, float)) else "write a text"


def kind_of(raw: object) -> str:
    match raw:
        case None:
            return "nothing"
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a mapping"


@cache
def shape_of(struct: type[Struct]) -> Record:
    """The shape of a msgspec type, by the names that its fields have on the wire, and what is read besides."""
    info = inspect.type_info(struct)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{struct} is no Struct")
    fields = {field.encode_name: _compile(field.type) for field in info.fields}
    if struct is SecretObject:
        fields["stringData"] = TextMap()
    required = frozenset(field.encode_name for field in info.fields if field.required)
    return Record(fields, required, UNREAD.get(struct, frozenset()))


def _compile(info: inspect.Type) -> Shape:
    match info:
        case inspect.StructType(cls=struct):
            return shape_of(struct)
        case inspect.VarTupleType(item_type=item):
            return List(_compile(item))
        case inspect.DictType(value_type=inspect.CustomType(cls=custom)) if custom is Secret:
            return Base64Map()
        case inspect.DictType():
            return TextMap()
        case inspect.UnionType(types=types):
            left = [one for one in types if not isinstance(one, inspect.NoneType)]
            return _compile(left[0]) if len(left) == 1 else TextOrNumber()
        case inspect.StrType():
            return Text()
        case inspect.IntType():
            return Number()
        case inspect.BoolType():
            return Flag()
        case inspect.DateTimeType():
            return Time()
        case _:
            raise TypeError(f"no shape for {info}")
