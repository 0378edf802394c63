"""Runs the credential plugin of a kubeconfig (client.authentication.k8s.io) and reads what it prints.

Our own, because the library's neither bounds how long a plugin may take nor says that it failed.
"""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from gateway.base.clock import Clock
from gateway.ir.secret import Secret
from gateway.kube.errors import KubeconfigError
from gateway.kube.kubeconfig import Access, ExecEntry
from gateway.kube.material import ClientCertificate

SECONDS: Final = 25.0  # a plugin may talk to an identity provider; but requests wait for it, and give up after 30
OUTPUT: Final = 1024 * 1024  # bytes; a credential has a few thousand
COMPLAINT: Final = 300  # characters of what a plugin said on stderr that a message repeats
VERSIONS: Final = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1"))


class Credential(Struct, frozen=True):
    """`expires` is a point in time as `time.time` counts."""

    token: Secret | None = None
    certificate: ClientCertificate | None = None
    expires: float | None = None


class _Status(Struct, frozen=True, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: datetime | None = None


class _ExecCredential(Struct, frozen=True, rename="camel"):
    api_version: str = ""
    status: _Status | None = None


async def run_plugin(access: Access, plugin: ExecEntry, environ: Mapping[str, str], clock: Clock) -> Credential:
    """Raises KubeconfigError, naming what the plugin did."""
    entry = access.in_user_entry("exec")
    if plugin.api_version not in VERSIONS:
        fix = f"use {' or '.join(VERSIONS)}"
        raise access.error(f"{entry}.apiVersion", plugin.api_version, "this version is not known", fix)
    if plugin.interactive_mode == "Always":
        fix = "use a credential that needs nobody at a terminal"
        raise access.error(f"{entry}.interactiveMode", "Always", "a gateway cannot answer questions", fix)
    process = await _start(access, plugin, environ)
    try:
        async with clock.timeout(SECONDS):
            output, complaint, _ = await asyncio.gather(_read(process.stdout), _read(process.stderr), process.wait())
    except TimeoutError:
        fix = "run it by hand to see what it waits for"
        raise access.error(
            f"{entry}.command", plugin.command, f"the plugin did not finish within {SECONDS:g} s", fix
        ) from None
    finally:
        await _end(process)
    if process.returncode:
        said = " ".join(complaint.decode(errors="replace").split())[:COMPLAINT]
        problem = f"the plugin failed with status {process.returncode}" + (f": {said}" if said else "")
        raise access.error(f"{entry}.command", plugin.command, problem, "run it by hand until it succeeds")
    return _credential(access, plugin, output)


async def _start(access: Access, plugin: ExecEntry, environ: Mapping[str, str]) -> Process:
    own = {pair["name"]: pair.get("value", "") for pair in plugin.env or () if pair.get("name")}
    spec: dict[str, object] = {"interactive": False}
    if plugin.provide_cluster_info:
        cluster = access.cluster
        spec["cluster"] = {
            "server": cluster.server,
            "certificate-authority-data": cluster.certificate_authority_data,
            "insecure-skip-tls-verify": bool(cluster.insecure_skip_tls_verify),
            "tls-server-name": cluster.tls_server_name or "",
        }
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    try:
        return await asyncio.create_subprocess_exec(
            plugin.command,
            *(plugin.args or ()),
            env={**environ, **own, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()},
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except OSError as error:
        hint = f": {' '.join(plugin.install_hint.split())[:COMPLAINT]}" if plugin.install_hint else ""
        problem = f"the plugin cannot be started ({error.strerror})"
        place = access.in_user_entry("exec.command")
        raise access.error(place, plugin.command, problem, f"install it, or give its full path{hint}") from None


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """To the end, keeping only what is bounded."""
    kept = b""
    while stream is not None and (part := await stream.read(65536)):
        kept += part[: OUTPUT - len(kept)]
    return kept


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _credential(access: Access, plugin: ExecEntry, output: bytes) -> Credential:
    def wrong(problem: str) -> KubeconfigError:
        fix = "update the plugin, or correct its arguments"
        return access.error(access.in_user_entry("exec.command"), plugin.command, problem, fix)

    try:
        answer = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise wrong("the plugin did not print an ExecCredential") from None
    if answer.api_version != plugin.api_version:
        raise wrong(f"the plugin answered in version {answer.api_version!r}, not {plugin.api_version}")
    status = answer.status or _Status()
    certificate = None
    if status.client_certificate_data and status.client_key_data:
        certificate = ClientCertificate(
            status.client_certificate_data.encode(), Secret(status.client_key_data.encode())
        )
    elif status.client_certificate_data or status.client_key_data:
        raise wrong("the plugin gave only one of certificate and key")
    if not status.token and certificate is None:
        raise wrong("the plugin gave neither a token nor a certificate")
    expires = status.expiration_timestamp.timestamp() if status.expiration_timestamp else None
    return Credential(Secret(status.token.encode()) if status.token else None, certificate, expires)
