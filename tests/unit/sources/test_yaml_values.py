"""YAML as kubectl reads it, and bounded."""

import time
from typing import Any

import pytest

from gateway.sources.malformed import DEPTH, MalformedError
from gateway.sources.yaml_values import Value, read_yaml
from gateway.verdicts.reasons_objects import MALFORMED, TOO_COMPLEX


def value(text: str) -> Any:
    [one] = read_yaml(text)
    return one.value


def malformed(text: str) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        read_yaml(text)
    return caught.value


# What kubectl 1.32 makes of a scalar without quotes (`kubectl label --local -o json`).
KUBECTL: dict[str, Any] = {
    "yes": True, "Yes": True, "y": True, "Y": True, "on": True, "On": True, "ON": True, "true": True, "True": True,
    "no": False, "n": False, "off": False, "FALSE": False, "~": None, "null": None, "Null": None, "": None,
    "2024-01-01": "2024-01-01", "2024-01-01T00:00:00Z": "2024-01-01T00:00:00Z", "1:30": "1:30",
    "190:20:30.15": "190:20:30.15", "0777": 511, "0o777": 511, "089": 89, "0b11": 3, "0x1F": 31, "1_000": 1000,
    "+12": 12, "-12": -12, "1e3": 1000, "12e+03": 12000, ".5": 0.5, "1.": 1, "=": "=", "-": "-", ".": ".",
    "1.2.3": "1.2.3",
    "tRUE": "tRUE", "nULL": "nULL", "1e999": "1e999", "10.0.0.1": "10.0.0.1", "0x": "0x", "12h": "12h",
    "!!str 12": "12", "!!binary aGVsbG8=": "hello", "!foo bar": "bar", "! 12": "12",
    "!!timestamp 2001-12-14": "2001-12-14",
    "'12'": "12", '"true"': "true", "!!int 7": 7,
}  # fmt: skip


@pytest.mark.parametrize("written", KUBECTL)
def test_scalars_mean_what_they_mean_to_kubectl(written: str) -> None:
    found = value(f"a: {written}\n") if written != "-" else value("a: '-'\n")
    assert found == {"a": KUBECTL[written]}
    assert type(found["a"]) is type(KUBECTL[written]) or isinstance(found["a"], float)


def test_keys_become_texts() -> None:
    assert value("on: 1\n80: 2\n~: 3\n'yes': 4\n0x10: 5\n") == {"true": 1, "80": 2, "null": 3, "yes": 4, "16": 5}


def test_documents_and_where_they_start() -> None:
    read = read_yaml("# first\na: 1\n...\n---\n\n  b: 2\n--- [c]\n")
    assert read == [Value({"a": 1}, 1, 0), Value({"b": 2}, 5, 2), Value(["c"], 6, 4)]


def test_merge_keys() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 3}\nq: {'<<': 1}\n"
    assert value(text)["z"] == {"a": 3, "b": 1, "c": 2}
    assert value(text)["q"] == {"<<": 1}
    assert malformed("a: {<<: 7}").reason is MALFORMED


def test_a_repeated_key_is_told_with_its_place_and_the_first_one_counts() -> None:
    [one] = read_yaml("a:\n  b: 1\n  c: {d: 1}\n  b: {e: 2}\n")
    assert one.value == {"a": {"b": 1, "c": {"d": 1}}}
    assert [(twice.key, twice.line, twice.column) for twice in one.repeated] == [("b", 3, 2)]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1, 2\n", 1, 0),
        ("a:\n\tb: 1\n", 1, 0),
        ("a: 1\n b: 2\n", 1, 2),
        ("a: 'x\n", 1, 0),
        ("a: *b\n", 0, 3),
        ("a: &a [*a]\n", 0, 7),
        ("? {a: 1}\n: 2\n", 0, 2),
        ("{{ .Values.x }}\n", 0, 1),
        ("a: .nan\n", 0, 3),
        ("a: -.Inf\n", 0, 3),
        ("a: !!binary '*'\n", 0, 3),
        ("a: \x07\n", 0, 3),
        ("é: \x00\n", 0, 3),
        ("@a: b\n", 0, 0),
    ],
)
def test_malformed_text_has_a_place(text: str, line: int, column: int) -> None:
    error = malformed(text)
    assert (error.line, error.column) == (line, column), error.text
    assert error.reason is MALFORMED
    assert error.text
    assert error.fix


def test_tabs_are_called_by_their_name() -> None:
    assert "tabs" in malformed("a:\n\tb: 1\n").fix


def test_an_undefined_alias_is_not_repeated() -> None:
    error = malformed("password: *hunter2\n")
    assert "hunter2" not in error.text + error.fix


def billion_laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_are_counted_as_if_written_out() -> None:
    assert len(value(billion_laughs(3))["a2"]) == 10
    began = time.process_time()
    assert malformed(billion_laughs(40)).reason is TOO_COMPLEX
    assert time.process_time() - began < 1


def test_merged_bombs_are_counted_too() -> None:
    lines = ["a0: &a0 {k: [x, x, x, x, x, x, x, x, x, x]}"]
    lines += [
        f"a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(10))}, <<: *a{n - 1}}}" for n in range(1, 40)
    ]
    assert malformed("\n".join(lines)).reason is TOO_COMPLEX


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth_is_bounded(opening: str) -> None:
    began = time.process_time()
    assert malformed(opening * 200_000).reason is TOO_COMPLEX
    assert time.process_time() - began < 2
    fits = "[" * DEPTH + "]" * DEPTH
    assert read_yaml(fits)


def test_a_number_of_a_million_digits_costs_nothing() -> None:
    began = time.process_time()
    assert value(f"a: {'9' * 1_000_000}")["a"] == "9" * 1_000_000
    assert time.process_time() - began < 1
