"""The development CA and the certificate of the demo's TLS host, as a Secret manifest in the sample folder."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from gateway.demo.samples import CERTIFICATE_FILE, NAMESPACE, TLS_HOST, TLS_SECRET

CA_NAME: Final = "Sallygate development CA"
CA_DAYS: Final = 365
LEAF_DAYS: Final = 90
RENEW_BEFORE: Final = 24 * 3600  # seconds

Pair = tuple[bytes, bytes]  # certificate PEM, key PEM


class Mint(Protocol):
    """As the functions of `_core`."""

    def check_certificate(self, chain_pem: bytes, key_pem: bytes, /) -> dict[str, object]: ...
    def mint_certificate(self, names: list[str], ca: Pair | None, days: int, /) -> Pair: ...


def prepare(core: Mint, state_dir: Path, folder: Path, now: Callable[[], float]) -> Path:
    """Make what is not there yet or runs out; the CA's certificate is the result, for `curl --cacert`.

    The CA's key stays in the state folder, readable by nobody else, so that a restart needs no new trust.
    """
    ca_file, key_file = state_dir / "dev-ca.pem", state_dir / "dev-ca-key.pem"
    ca = _usable(core, ca_file, key_file, now())
    secret = folder / CERTIFICATE_FILE
    if ca is None:
        ca = core.mint_certificate([CA_NAME], None, CA_DAYS)
        _write(key_file, ca[1], 0o600)
        _write(ca_file, ca[0], 0o644)
        secret.unlink(missing_ok=True)  # signed by a CA that is gone
    if not secret.exists() or secret.stat().st_mtime + LEAF_DAYS * 86_400 - RENEW_BEFORE < now():
        chain, key = core.mint_certificate([TLS_HOST], ca, LEAF_DAYS)
        _write(secret, _manifest(chain, key).encode(), 0o600)
    return ca_file


def _usable(core: Mint, ca_file: Path, key_file: Path, now: float) -> Pair | None:
    try:
        pair = ca_file.read_bytes(), key_file.read_bytes()
        not_after = core.check_certificate(*pair)["not_after"]
    except (OSError, ValueError):
        return None
    return pair if isinstance(not_after, int) and not_after > now + LEAF_DAYS * 86_400 else None


def _manifest(chain: bytes, key: bytes) -> str:
    return f"""\
# A certificate for {TLS_HOST}, made at the start of the demo and signed by its own development CA.
apiVersion: v1
kind: Secret
metadata:
  name: {TLS_SECRET}
  namespace: {NAMESPACE}
type: kubernetes.io/tls
data:
  tls.crt: {base64.b64encode(chain).decode()}
  tls.key: {base64.b64encode(key).decode()}
"""


def _write(path: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others in between."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    temporary.replace(path)
