"""Who we are to the API server, kept fresh: what expires is renewed before, and once when the server refuses it.

The library does this for the token file of a pod only.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.base.clock import Clock
from gateway.ir.secret import Secret
from gateway.kube.errors import KubeconfigError
from gateway.kube.exec_plugin import Credential, run_plugin
from gateway.kube.kubeconfig import Access
from gateway.kube.material import client_certificate

REREAD: Final = 60.0  # seconds; kubelet replaces the token of a pod when a fifth of its life is left
EARLY: Final = 60.0  # seconds before its end that a credential is renewed
AGAIN: Final = 10.0  # seconds between two renewals that refusals ask for: a server that refuses everything starts few


class _Claims(Struct, frozen=True):
    exp: float | None = None


class Credentials:
    """`wall` tells the time as `time.time` does; expiry is written in it."""

    def __init__(self, access: Access, environ: Mapping[str, str], clock: Clock, wall: Callable[[], float]) -> None:
        self._access = access
        self._environ = environ
        self._clock = clock
        self._wall = wall
        self._lock = asyncio.Lock()
        self._held: Credential | None = None
        self._since = 0.0
        self._refused = False

    async def current(self) -> Credential:
        """Raises KubeconfigError if there is none that could be used."""
        async with self._lock:
            if self._held is None or self._is_due(self._held):
                await self._renew()
            if self._held is None:
                raise RuntimeError("unreachable: a renewal gives a credential or raises")
            return self._held

    def refuse(self, credential: Credential) -> bool:
        """The server did not take it. Is there hope that another one is better?"""
        if credential is not self._held:
            return True
        user = self._access.user
        if user.exec is None and not user.token_file and not user.client_certificate:
            return False
        if self._clock.now() - self._since < AGAIN:
            return False
        self._refused = True
        return True

    def _is_due(self, held: Credential) -> bool:
        if self._refused:
            return True
        if held.expires is not None and held.expires - EARLY <= self._wall():
            # A plugin whose credentials are always short-lived is not asked more often than this.
            return self._clock.now() - self._since >= AGAIN
        return bool(self._access.user.token_file) and self._clock.now() - self._since >= REREAD

    async def _renew(self) -> None:
        usable = self._held is not None and (self._held.expires is None or self._held.expires > self._wall())
        self._refused, self._since = False, self._clock.now()
        try:
            self._held = await self._read()
        except KubeconfigError:
            if not usable:  # what is still valid is better than nothing
                raise

    async def _read(self) -> Credential:
        access, user = self._access, self._access.user
        certificate = client_certificate(access)
        if user.auth_provider is not msgspec.UNSET:
            fix = "use an exec plugin, such as kubelogin or gke-gcloud-auth-plugin"
            raise access.error(
                access.in_user_entry("auth-provider"), "", "Kubernetes has no auth providers any more", fix
            )
        if user.impersonate is not msgspec.UNSET:
            fix = "give the user the rights itself"
            raise access.error(access.in_user_entry("as"), str(user.impersonate), "impersonation is not supported", fix)
        if user.exec is not None:
            found = await run_plugin(access, user.exec, self._environ, self._clock)
            if found.token is not None:
                _token(access, access.in_user_entry("exec.command"), user.exec.command, found.token)
            if found.expires is not None and found.expires <= self._wall():
                place, fix = access.in_user_entry("exec.command"), "log in anew, or correct the clock"
                raise access.error(place, user.exec.command, f"the plugin's credential ended {_at(found.expires)}", fix)
            return msgspec.structs.replace(found, certificate=found.certificate or certificate)
        if user.token_file:
            return Credential(self._token_file(user.token_file), certificate)
        if user.token:
            token = _token(access, access.in_user_entry("token"), "", user.token.encode())
            expires = _expiry(user.token)
            if expires is not None and expires <= self._wall():
                problem, fix = f"the token ended {_at(expires)}", "log in anew, or fetch a new kubeconfig"
                raise access.error(access.in_user_entry("token"), "", problem, fix)
            return Credential(token, certificate)
        return Credential(None, certificate)

    def _token_file(self, path: str) -> Secret:
        entry = self._access.in_user_entry("tokenFile")
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            problem = f"the file cannot be read ({error.strerror})"
            raise self._access.error(entry, path, problem, "correct the path") from None
        return _token(self._access, entry, path, content.strip())


def _token(access: Access, entry: str, path: str, token: bytes) -> Secret:
    """What may stand in a header."""
    if not token or any(byte <= 32 or byte >= 127 for byte in token):
        raise access.error(entry, path, "there is no token in it", "write one token there, in one line")
    return Secret(token)


def authorization(access: Access, credential: Credential) -> str | None:
    """The header's value."""
    user = access.user
    if credential.token is not None:
        return f"Bearer {bytes(credential.token).decode('ascii', 'replace')}"
    if user.username is not None and user.password is not None:
        pair = f"{user.username}:{user.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"
    return None


def _expiry(token: str) -> float | None:
    """When a token says of itself that it ends, if it is a JWT. Nothing is verified: that is the server's part."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        body = binascii.a2b_base64(parts[1].replace("-", "+").replace("_", "/") + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(body, type=_Claims).exp
    except (ValueError, msgspec.DecodeError):
        return None


def _at(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("at %Y-%m-%dT%H:%M:%SZ")
