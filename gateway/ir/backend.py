"""Where requests go."""

from enum import StrEnum

from msgspec import Struct

from gateway.ir.ids import BackendId


class Balance(StrEnum):
    """How an endpoint is chosen."""

    ROUND_ROBIN = "round_robin"
    LEAST_REQUEST = "least_request"  # the less busy of two random endpoints


class Endpoint(Struct, frozen=True, array_like=True, order=True):
    """One address that answers. `address` is an IP literal without brackets."""

    address: str
    port: int


class Backend(Struct, frozen=True, omit_defaults=True):
    """`endpoints` is sorted and holds no address twice; empty answers 503."""

    id: BackendId
    endpoints: tuple[Endpoint, ...]
    balance: Balance = Balance.ROUND_ROBIN
