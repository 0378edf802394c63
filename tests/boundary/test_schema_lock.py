"""No change to the shape of a segment goes unnoticed: both sides must learn of it, and the version must say so."""

from pathlib import Path

from gateway.encode import schema

LOCK = Path(__file__).parents[2] / "docs/reference/ir-schema.lock"

ADVICE = """
The shape of a segment has changed. If a field with a default was added, raise MINOR in gateway/ir/version.py; for
anything else raise MAJOR. Change _core/image in the same way, and then run
    python -m gateway.encode.schema > docs/reference/ir-schema.lock
"""


def test_the_committed_schema_is_the_one_in_use() -> None:
    assert schema.render() == LOCK.read_text(), ADVICE


def test_the_schema_names_every_field() -> None:
    text = schema.render()
    for line in (
        "  hsts: str | none = None",
        "  ignore_case: bool = True",
        "BackendId array",
        "  balance: Balance = round_robin",
    ):
        assert line in text.splitlines()
