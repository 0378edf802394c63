"""Lines out of pieces, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kube.errors import Garbled
from gateway.kube.lines import Lines


@given(st.lists(st.binary(max_size=6).map(lambda part: part.replace(b"\n", b"")), max_size=8), st.data())
def test_cuts_make_no_difference(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    reader = Lines()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        found += reader.feed(text[start:end])
    assert found == [line for line in lines if line]


def test_what_has_no_end_yet_is_kept() -> None:
    reader = Lines()
    assert reader.feed(b"a\nb") == [b"a"]
    assert reader.feed(b"") == []
    assert reader.feed(b"c") == []
    assert reader.feed(b"\n") == [b"bc"]


def test_a_line_may_be_as_long_as_is_allowed_and_not_longer() -> None:
    reader = Lines(longest=4)
    assert reader.feed(b"ab") == []
    assert reader.feed(b"cd\nx") == [b"abcd"]
    with pytest.raises(Garbled, match="a line of more than 4 bytes"):
        reader.feed(b"yzyz")
