"""One HTTP/1.1 request to an address, whatever its host resolves to, and what came back. No redirect is followed."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

SECONDS = 10.0


class Address(NamedTuple):
    """Where a gateway listens."""

    host: str
    http: int
    https: int


class Reply(NamedTuple):
    """`headers` have lower-case names. `names` are those of the certificate that was shown."""

    status: int
    protocol: str
    headers: Mapping[str, str]
    body: bytes
    names: tuple[str, ...] = ()


def send(
    address: Address, method: str, host: str, path: str, *, tls: bool = False, agent: str = "conformance"
) -> Reply:
    """`host` empty: the address itself is the Host, as for a client that was given nothing else."""
    port = address.https if tls else address.http
    connection = http.client.HTTPConnection(address.host, port, timeout=SECONDS)
    connection.sock = socket.create_connection((address.host, port), timeout=SECONDS)
    names: tuple[str, ...] = ()
    try:
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # self-signed; its names are what is looked at
            wrapped = context.wrap_socket(connection.sock, server_hostname=host)
            names = _names(wrapped.getpeercert(binary_form=True))
            connection.sock = wrapped
        headers = {"User-Agent": agent, "Accept": "*/*"}
        connection.request(method, path, headers={**headers, "Host": host} if host else headers)
        answer = connection.getresponse()
        body = answer.read()
        protocol = {10: "HTTP/1.0", 11: "HTTP/1.1"}[answer.version]
        return Reply(answer.status, protocol, {name.lower(): text for name, text in answer.getheaders()}, body, names)
    finally:
        connection.close()


def _names(certificate: bytes | None) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 -- only where TLS is looked at

    if certificate is None:
        return ()
    try:
        names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.value.get_values_for_type(x509.DNSName))
