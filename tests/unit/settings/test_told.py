"""Settings of what the cluster is told: addresses, durations, and the times of the Lease."""

import pytest

from gateway.settings.durations import duration, seconds
from gateway.settings.election import ElectionSettings, ttl
from gateway.settings.status import status_addresses


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5h", 5_400.0), ("168h", 604_800.0)],
)
def test_durations(text: str, expected: float) -> None:
    assert duration(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "30", "s", "30 s", "-1s", "0s", "169h", "1d", "1s!", "٣s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="use "):
        duration(text)


def test_seconds() -> None:
    assert seconds("60") == 60.0
    for wrong in ("", "0", "60s", "-1", "1.5", "999999999", "9" * 400, "٣"):
        with pytest.raises(ValueError, match="use "):
            seconds(wrong)


def test_addresses_are_told_from_names() -> None:
    assert status_addresses("192.0.2.1, LB.example.com,2001:DB8::1,192.0.2.1,") == (
        "192.0.2.1",
        "lb.example.com",
        "2001:db8::1",
    )
    assert status_addresses("") == ()


@pytest.mark.parametrize("text", ["192.0.2.256", "-a.example", "a..b", "a_b", f"{'a' * 64}.example", "a b", "1.2.3"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"is n(either|ot) an IP address"):
        status_addresses(f"192.0.2.1,{text}")


def test_times_of_the_lease_keep_their_proportion() -> None:
    default = ElectionSettings()
    assert (default.election_ttl, default.renew_deadline, default.retry_period) == (15.0, 10.0, 2.0)
    other = ElectionSettings(election_ttl=30.0)
    assert (other.renew_deadline, other.retry_period) == (20.0, 4.0)
    assert ttl(3.0) == 3.0
    with pytest.raises(ValueError, match="3s or more"):
        ttl(2.9)
