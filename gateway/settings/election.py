"""Which replica speaks for all: how the Lease is named, and how long it holds."""

from typing import Final

from msgspec import Struct

TTL_LEAST: Final = 3.0  # seconds; below that a slow answer of the API server costs the leader its place


def ttl(value: float) -> float:
    """Checks what `--election-ttl` was read into. Raises ValueError."""
    if value < TTL_LEAST:
        raise ValueError(f"use {TTL_LEAST:g}s or more: a leader must have time to renew its Lease")
    return value


class ElectionSettings(Struct, frozen=True, kw_only=True):
    """The names are those of ingress-nginx's flags."""

    election_id: str = "ingress-controller-leader"
    """`--election-id`: name of the Lease, in our own namespace. Controllers side by side there need one each."""

    election_ttl: float = 15.0
    """`--election-ttl`, seconds: how long others wait for a leader that is silent. ingress-nginx has 30."""

    disable_leader_election: bool = False
    """`--disable-leader-election`: nobody leads then, and so nothing is written to the cluster, as in ingress-nginx."""

    @property
    def renew_deadline(self) -> float:
        """Seconds without a renewal after which the leader stops: 10 of 15."""
        return self.election_ttl * 2 / 3

    @property
    def retry_period(self) -> float:
        """Seconds between two looks at the Lease: 2 of 15."""
        return self.election_ttl * 2 / 15
