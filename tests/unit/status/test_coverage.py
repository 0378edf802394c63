"""Nothing counts as served before the data plane has said so."""

from gateway.status.coverage import OFFERS, Coverage

A, B = ("default", "a"), ("default", "b")


def test_an_ingress_counts_once_a_snapshot_with_it_is_accepted() -> None:
    coverage = Coverage()
    assert not coverage.offered(b"1", {A: True})
    assert not coverage.holds(A)
    assert not coverage.offered(b"2", {B: True})
    assert coverage.accepted(b"1")
    assert coverage.holds(A)
    assert not coverage.holds(B)
    assert coverage.accepted(b"2")
    assert coverage.holds(B)
    assert coverage.offered(b"3", {A: False})
    assert not coverage.holds(A)
    assert not coverage.accepted(b"3")
    assert not coverage.offered(b"4", {})  # endpoints, say
    assert not coverage.accepted(b"4")
    assert not coverage.holds(("default", "c"))


def test_a_later_snapshot_covers_those_that_were_never_sent() -> None:
    coverage = Coverage()
    coverage.offered(b"1", {A: True})
    coverage.offered(b"2", {B: True})
    coverage.accepted(b"2")
    assert coverage.holds(A)
    assert coverage.holds(B)


def test_an_ingress_that_changes_nothing_is_in_the_snapshot_that_is_served() -> None:
    coverage = Coverage()
    coverage.offered(b"1", {A: True})
    coverage.accepted(b"1")
    assert coverage.offered(b"1", {B: True})
    assert coverage.holds(B)


def test_a_new_object_under_an_old_name_waits_again() -> None:
    coverage = Coverage()
    coverage.offered(b"1", {A: True})
    coverage.accepted(b"1")
    coverage.offered(b"2", {A: True})
    assert not coverage.holds(A)
    coverage.accepted(b"1")  # the data plane was told again
    assert not coverage.holds(A)
    coverage.accepted(b"2")
    assert coverage.holds(A)


def test_what_is_accepted_and_unknown_covers_nothing() -> None:
    coverage = Coverage()
    coverage.offered(b"1", {A: True})
    coverage.accepted(b"of another life")
    assert not coverage.holds(A)
    for number in range(OFFERS + 5):
        coverage.offered(b"x%d" % number, {})
    coverage.accepted(b"1")
    assert not coverage.holds(A)
    coverage.accepted(b"x7")
    assert coverage.holds(A)
