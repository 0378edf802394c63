"""Policies by value, however many there are."""

from gateway.encode.policies import Policies
from gateway.encode.pool import Pool
from gateway.ir.policy import Policy

MANY = 20_000


class Looked(Pool):
    """Counts how often somebody asks whether a segment is there."""

    looked = 0

    def __contains__(self, digest: bytes) -> bool:
        self.looked += 1
        return super().__contains__(digest)


def test_many_different_policies_cost_each_other_nothing() -> None:
    pool = Looked()
    policies = Policies(pool)
    for number in range(1, MANY + 1):
        policies.take(Policy(body_limit_bytes=number))
    assert pool.looked < 3 * MANY


def test_what_nobody_uses_is_forgotten() -> None:
    pool = Looked()
    policies = Policies(pool)
    for number in range(1, MANY + 1):
        pool.drop(policies.take(Policy(body_limit_bytes=number)))
    assert len(policies) <= MANY // 4


def test_equal_policies_are_one_segment() -> None:
    pool = Pool()
    policies = Policies(pool)
    first, second = policies.take(Policy(tries=1)), policies.take(Policy(tries=1))
    assert first == second
    pool.drop(first)
    assert first in pool
    pool.drop(second)
    assert first not in pool
