"""What translation is handed from outside, in a form that goldens can be written with."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
import yaml

from gateway.ir.backend import Endpoint
from gateway.translate.rules import Rules

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
_NOT_LINEAR: Final = re.compile(r"\(\?<?[=!]|\\[1-9]")


def check_regex(pattern: str, anywhere: bool) -> tuple[str | None, str | None]:
    try:
        re.compile(pattern)
    except re.error:
        return "it is not a regular expression", None
    return None, "it is more than linear" if _NOT_LINEAR.search(pattern) else None


def check_certificate(chain_pem: bytes, key_pem: bytes) -> Mapping[str, object]:
    """A certificate is `names`, `until` and `key` in YAML, and a key the name of that key: no real keys in goldens."""
    try:
        said = yaml.safe_load(chain_pem)
        names, key = said["names"], said["key"]
        until = datetime.fromisoformat(str(said.get("until", "2030-01-01"))).replace(tzinfo=UTC)
    except (TypeError, KeyError, yaml.YAMLError):
        raise ValueError("tls.crt holds no certificate") from None
    if key != key_pem.decode().strip():
        raise ValueError("the private key does not belong to the certificate")
    return {"names": names, "not_before": 0, "not_after": int(until.timestamp()), "subject": f"CN={names[0]}"}


def check_authority(ca_pem: bytes, crl_pem: bytes) -> None:
    """Authorities begin with `authority`, and what they have revoked with `revoked`."""
    if not ca_pem.startswith(b"authority"):
        raise ValueError("it is not a PEM certificate")
    if crl_pem and not crl_pem.startswith(b"revoked"):
        raise ValueError("it is not a PEM list of revoked certificates")


def check_list(text: str) -> str | None:
    """Of cipher suites, or of groups."""
    return f"{text!r} holds nothing that the TLS library has" if "NOTHING" in text else None


def service_map(namespace: str, service: str, port: str) -> tuple[Endpoint, ...] | None:
    """The Service `mapped` is on the command line."""
    if (namespace, service) != ("default", "mapped"):
        return None
    return (Endpoint("127.0.0.1", 9000 + len(port)),)


def rules(**changed: object) -> Rules:
    plain = Rules(
        check_regex=check_regex,
        check_certificate=check_certificate,
        check_authority=check_authority,
        check_ciphers=check_list,
        check_groups=check_list,
        now=NOW.timestamp,
        service_map=service_map,
        class_objects_required=False,
    )
    return msgspec.structs.replace(plain, **changed)
