"""TLS beyond one certificate: what a host asks of its clients, what a route asks of its endpoints, and what a listener
speaks.
"""

from enum import StrEnum

from msgspec import Struct

from gateway.ir.secret import Secret


class Verify(StrEnum):
    """Whether a client must show a certificate."""

    ON = "on"
    OFF = "off"
    OPTIONAL = "optional"  # one from the authorities, or none
    OPTIONAL_NO_CA = "optional_no_ca"  # any, or none; the upstream is told whether it is from the authorities


class ClientCertificates(Struct, frozen=True, omit_defaults=True):
    """`ca_pem` are the authorities, `crl_pem` what they have revoked. `depth` is how many certificates may stand
    between a client's and an authority; `subject` an expression that is found somewhere in its subject.
    """

    ca_pem: bytes
    crl_pem: bytes = b""
    verify: Verify = Verify.ON
    depth: int = 1
    error_page: str = ""  # an absolute URL where those are sent that have no good certificate
    passes: bool = False  # the upstream gets the certificate itself
    subject: str = ""


class HostTls(Struct, frozen=True, omit_defaults=True):
    """TLS with the clients of one host, where it is not as with all others. `ciphers` are those of TLS 1.2."""

    clients: ClientCertificates | None = None
    ciphers: str = ""
    client_order: bool | None = None  # the client's order of suites counts; None: as the listener has it


class TlsVersion(StrEnum):
    V12 = "1.2"
    V13 = "1.3"


class EndpointTls(Struct, frozen=True, omit_defaults=True):
    """TLS with endpoints, where it is more than taking whatever they show. Verified is that their certificate is from
    `ca_pem` and for `name`; `chain_pem` and `key_pem` are what they are shown.
    """

    verify: bool = False
    depth: int = 1
    name: str = ""
    tells_name: bool = False  # they are told the name (SNI)
    oldest: TlsVersion = TlsVersion.V12
    newest: TlsVersion = TlsVersion.V13
    ciphers: str = ""
    ca_pem: bytes = b""
    chain_pem: bytes = b""
    key_pem: Secret = Secret()


class ListenerTls(Struct, frozen=True, omit_defaults=True):
    """TLS with the clients of a listener. Empty `ciphers` and `groups` are the data plane's own."""

    oldest: TlsVersion = TlsVersion.V12
    newest: TlsVersion = TlsVersion.V13
    ciphers: str = ""
    groups: str = ""
    client_order: bool = False
    tickets: bool = True
    session_s: int = 600
    ticket_key: Secret | None = None  # 80 or 48 bytes, as nginx has them; None: the data plane's own, which change
    known_names_only: bool = False  # handshakes for names without a host of their own are refused
