"""Certificates for tests: an authority, and what it signs for servers and clients."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PAST = datetime.now(UTC) - timedelta(days=1)


class Authority:
    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), True
        )
        self.pem = _pem(made.sign(self._key, hashes.SHA256()))

    def subordinate(self, name: str) -> "Authority":
        """An authority that this one vouches for. Its `pem` is its own certificate alone."""
        other = Authority(name)
        made = (
            self._builder(other._name, other._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        other.pem = _pem(made)
        return other

    def issue(self, name: str, *more: str, days: float = 30) -> tuple[bytes, bytes]:
        """Certificate and key in PEM. For the address 127.0.0.1 and the names. It began a day ago, and lasts `days`."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = [x509.DNSName(one) for one in (name, *more)]
        names = x509.SubjectAlternativeName([*hosts, x509.IPAddress(ip_address("127.0.0.1"))])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        ends = _PAST + timedelta(days=days)
        made = self._builder(subject, key, ends).add_extension(names, critical=False)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return _pem(made.sign(self._key, hashes.SHA256())), private

    def revocations(self, *certificates: bytes) -> bytes:
        """The list of what it has revoked, PEM."""
        made = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        made = made.last_update(_PAST).next_update(_PAST + timedelta(days=30))
        for pem in certificates:
            number = x509.load_pem_x509_certificate(pem).serial_number
            revoked = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(_PAST).build()
            made = made.add_revoked_certificate(revoked)
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def server_context(self, folder: Path, *, clients: "Authority | None" = None) -> ssl.SSLContext:
        """For a server on 127.0.0.1; with `clients`, it asks for certificates that they signed."""
        certificate, key = self.issue("localhost")
        chain = folder / "server.pem"
        chain.write_bytes(certificate + key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain)
        if clients is not None:
            context.load_verify_locations(cadata=clients.pem.decode())
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, ends: datetime = _PAST + timedelta(days=30)
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_PAST)
            .not_valid_after(ends)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
