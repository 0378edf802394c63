"""The difference between two configurations, by key: what `translate` yields and `encode` folds into the tree."""

from collections.abc import Mapping

from msgspec import Struct

from gateway.ir.backend import Backend
from gateway.ir.certificate import Certificate
from gateway.ir.connections import Connections
from gateway.ir.ids import BackendId, CertificateId
from gateway.ir.listener import Listener
from gateway.ir.log import AccessLog
from gateway.ir.route import HostTable


class Changes(Struct, frozen=True):
    """A value of None means that the key is gone. Keys that did not change are absent.

    `hosts` is keyed by (table, host). `listeners`, `default_certificate`, `connections` and
    `log` are always complete.
    """

    hosts: Mapping[tuple[str, str], HostTable | None]
    backends: Mapping[BackendId, Backend | None]
    certificates: Mapping[CertificateId, Certificate | None]
    listeners: tuple[Listener, ...]
    default_certificate: CertificateId | None  # None: the data plane makes a self-signed one
    connections: Connections = Connections()
    log: AccessLog = AccessLog()
