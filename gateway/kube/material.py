"""Certificates and keys of a kubeconfig entry, read and looked over before TLS gets to see them."""

import binascii
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.ir.secret import Secret
from gateway.kube.errors import KubeconfigError
from gateway.kube.kubeconfig import Access

_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_KEY: Final = b"PRIVATE KEY-----"


class ClientCertificate(Struct, frozen=True):
    """PEM both."""

    certificate: bytes
    key: Secret


def authority(access: Access) -> bytes | None:
    """PEM of the CAs that may have signed the certificate of the API server; None for those of the system."""
    entry, name = access.cluster, access.in_cluster_entry
    if entry.certificate_authority_data:
        return _from_data(access, name("certificate-authority-data"), entry.certificate_authority_data, _CERTIFICATE)
    if entry.certificate_authority:
        return _from_file(access, name("certificate-authority"), entry.certificate_authority, _CERTIFICATE)
    return None


def client_certificate(access: Access) -> ClientCertificate | None:
    """Of the user entry itself; a plugin may bring another."""
    user, name = access.user, access.in_user_entry
    certificate = _either(
        access, name("client-certificate"), user.client_certificate_data, user.client_certificate, _CERTIFICATE
    )
    key = _either(access, name("client-key"), user.client_key_data, user.client_key, _KEY)
    if certificate is None and key is None:
        return None
    if certificate is None:
        raise access.error(name("client-key"), "", "there is a key without a certificate", "add client-certificate")
    if key is None:
        raise access.error(name("client-certificate"), "", "there is a certificate without a key", "add client-key")
    return ClientCertificate(certificate, Secret(key))


def _either(access: Access, entry: str, data: str | None, file: str | None, mark: bytes) -> bytes | None:
    if data:
        return _from_data(access, f"{entry}-data", data, mark)
    return _from_file(access, entry, file, mark) if file else None


def _from_data(access: Access, entry: str, data: str, mark: bytes) -> bytes:
    try:
        content = binascii.a2b_base64("".join(data.split()), strict_mode=True)
    except ValueError:
        raise access.error(entry, "", "the value is not base64", "encode the PEM file with `base64 -w0`") from None
    return _pem(access, entry, "", content, mark)


def _from_file(access: Access, entry: str, path: str, mark: bytes) -> bytes:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror})"
        raise access.error(entry, path, problem, "correct the path, or write the content to the -data field") from None
    return _pem(access, entry, path, content, mark)


def _pem(access: Access, entry: str, path: str, content: bytes, mark: bytes) -> bytes:
    if mark not in content:
        what = "certificate" if mark is _CERTIFICATE else "private key"
        raise access.error(entry, path, f"there is no {what} in PEM in it", f"put a PEM {what} there")
    return content


def mismatch(access: Access, detail: str) -> KubeconfigError:
    """TLS did not accept what was read."""
    place = access.in_user_entry("client-certificate")
    return access.error(
        place, "", f"certificate and key do not belong together, or are broken ({detail})", "renew them"
    )
