"""What a YAML scalar without quotes means: what it means to kubectl.

kubectl reads YAML with sigs.k8s.io/yaml, which is neither YAML 1.1 nor 1.2, and turns it into JSON. Compared with
kubectl 1.32: `yes`, `no`, `on`, `off`, `y` and `n` are truth values (so an annotation `on` is an error there as well as
here); dates stay texts, and so does 1:30, which is 90 in YAML 1.1; 0777 and 0o777 are octal, 0b11 binary, 1_000 is
1000, but 089 is 89; keys become texts, so that `on:` is the key "true". Infinity and NaN have no JSON: refused.
"""

import base64
import re
from typing import Final

Scalar = str | int | float | bool | None

MERGE: Final = "<<"
_DIGITS: Final = 40  # longer ones are no number that anyone means, and reading them takes quadratic time
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WIDTH: Final = 64
WORDS: Final[dict[str, Scalar]] = {
    **{word: True for text in ("y", "yes", "true", "on") for word in (text, text.capitalize(), text.upper())},
    **{word: False for text in ("n", "no", "false", "off") for word in (text, text.capitalize(), text.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NO_JSON: Final = frozenset(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")) | {
    ".nan",
    ".NaN",
    ".NAN",
}
NUMERIC: Final = frozenset("0123456789+-.")  # what a number begins with
_STANDARD: Final = "tag:yaml.org,2002:"


class NoJsonError(ValueError):
    """The scalar has a value that JSON cannot write."""


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes and tag."""
    if text in WORDS:
        return WORDS[text]
    return _number(text) if text[0] in NUMERIC else text


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with a tag. Tags that are not known mean nothing, as in kubectl."""
    match tag.removeprefix(_STANDARD):
        case "binary":
            return base64.b64decode("".join(text.split()), validate=True).decode()
        case "int" | "float" | "bool" | "null":
            return plain(text)
        case _:
            return text


def key(value: Scalar) -> str:
    """A key of a mapping, as kubectl makes a text of it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case _:
            return str(value)


def _number(text: str) -> Scalar:
    if text in _NO_JSON:
        raise NoJsonError(f"{text} has no place in JSON")
    bare = text.replace("_", "")
    if len(bare) > _DIGITS:
        return text
    if _INTEGER.fullmatch(bare):
        value = _integer(bare)
        if value.bit_length() <= _WIDTH:
            return value
    if _FLOAT.fullmatch(bare):
        number = float(bare)
        if number not in (float("inf"), float("-inf")):
            return number
    return text


def _integer(bare: str) -> int:
    sign = -1 if bare.startswith("-") else 1
    digits = bare.lstrip("+-").lower()
    if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xbo":
        return sign * int(digits, 8)
    return sign * int(digits, 0)
