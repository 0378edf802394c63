"""Addresses of endpoints: the fast way says what the slow way says."""

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translate.backends import _address


def slowly(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


@given(st.ip_addresses().map(str))
def test_addresses_stay_what_they_are(text: str) -> None:
    assert _address(text) == text


@given(
    st.lists(st.integers(0, 300).map(str) | st.sampled_from(["01", "", "1 ", "+1", "\u0661"]), min_size=3, max_size=5)
)
def test_what_is_nearly_an_address_is_judged_as_by_the_library(parts: list[str]) -> None:
    text = ".".join(parts)
    assert _address(text) == slowly(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [("2001:DB8:0::1", "2001:db8::1"), ("fe80::1%eth0", None), ("10.0.0.1\n", None), ("web", None), ("", None)],
)
def test_other_forms(text: str, read: str | None) -> None:
    assert _address(text) == read


def test_the_whole_range() -> None:
    for number in range(0, 2**32, 16_777_259):
        assert _address(str(IPv4Address(number))) == str(IPv4Address(number))
