"""The samples: complete, the user's once they are there, and servers that answer."""

import asyncio
import base64
import socket
import stat
from pathlib import Path

import pytest
import yaml

from gateway.demo import certificates, samples
from gateway.demo.backends import serve

DAY = 86_400


class Mint:
    """Counts what it makes; its certificates are valid for a year from 0."""

    def __init__(self) -> None:
        self.made: list[list[str]] = []

    def check_certificate(self, chain_pem: bytes, key_pem: bytes, /) -> dict[str, object]:
        if b"minted" not in chain_pem:
            raise ValueError("not a certificate")
        return {"not_after": 365 * DAY}

    def mint_certificate(self, names: list[str], ca: certificates.Pair | None, days: int, /) -> certificates.Pair:
        self.made.append(names)
        return f"minted {names} {'by ca' if ca else 'itself'}".encode(), b"key"


def test_the_manifests_speak_of_every_backend_and_every_host(tmp_path: Path) -> None:
    samples.copy_to(tmp_path)
    documents = [each for file in tmp_path.glob("*.yaml") for each in yaml.safe_load_all(file.read_text())]
    services = {each["metadata"]["name"] for each in documents if each["kind"] == "Service"}
    assert services == {backend.service for backend in samples.BACKENDS}
    hosts = {rule["host"] for each in documents if each["kind"] == "Ingress" for rule in each["spec"]["rules"]}
    assert hosts == {visit.host for visit in samples.VISITS}


def test_a_file_that_the_user_edited_stays(tmp_path: Path) -> None:
    samples.copy_to(tmp_path)
    (tmp_path / "shop.yaml").write_text("mine")
    (tmp_path / "services.yaml").unlink()
    samples.copy_to(tmp_path)
    assert (tmp_path / "shop.yaml").read_text() == "mine"
    assert (tmp_path / "services.yaml").exists()


def test_the_ca_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    mint = Mint()
    ca_file = certificates.prepare(mint, tmp_path, tmp_path, lambda: 0.0)
    assert ca_file.read_bytes().startswith(b"minted")
    assert stat.S_IMODE((tmp_path / "dev-ca-key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / samples.CERTIFICATE_FILE).stat().st_mode) == 0o600
    certificates.prepare(mint, tmp_path, tmp_path, lambda: 0.0)
    assert mint.made == [[certificates.CA_NAME], [samples.TLS_HOST]]


@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_damaged_ca_is_made_anew_with_what_it_signed(tmp_path: Path, damage: bytes) -> None:
    mint = Mint()
    ca_file = certificates.prepare(mint, tmp_path, tmp_path, lambda: 0.0)
    ca_file.write_bytes(damage)
    certificates.prepare(mint, tmp_path, tmp_path, lambda: 0.0)
    assert mint.made == [[certificates.CA_NAME], [samples.TLS_HOST]] * 2


def test_a_ca_that_would_run_out_before_the_leaf_is_made_anew(tmp_path: Path) -> None:
    mint = Mint()
    certificates.prepare(mint, tmp_path, tmp_path, lambda: 0.0)
    certificates.prepare(mint, tmp_path, tmp_path, lambda: 300.0 * DAY)
    assert mint.made.count([certificates.CA_NAME]) == 2


def test_the_secret_holds_chain_and_key(tmp_path: Path) -> None:
    certificates.prepare(Mint(), tmp_path, tmp_path, lambda: 0.0)
    secret = yaml.safe_load((tmp_path / samples.CERTIFICATE_FILE).read_text())
    assert secret["metadata"] == {"name": samples.TLS_SECRET, "namespace": samples.NAMESPACE}
    assert base64.b64decode(secret["data"]["tls.crt"]).endswith(b"by ca")
    assert base64.b64decode(secret["data"]["tls.key"]) == b"key"


async def _talk(request: bytes) -> bytes:
    sock = socket.create_server(("127.0.0.1", 0))
    server = asyncio.create_task(serve({"blue": sock}))
    try:
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(request)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)


async def test_a_backend_says_who_it_is_and_what_it_got() -> None:
    answer = await _talk(b"GET /a?b HTTP/1.1\r\nHost: x\r\nX-Real-IP: 10.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"blue\nGET /a?b\n  host: x\n  x-real-ip: 10.0.0.1\n")


async def test_a_backend_keeps_the_connection_through_bodies_of_both_kinds() -> None:
    length = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    chunks = b"5\r\nhello\r\n2;x=y\r\n!!\r\n0\r\nT: 1\r\n\r\n"
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    head = b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await _talk(length + chunked + head)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert b"a body of 5 bytes" in answer
    assert b"a body of 7 bytes" in answer
    assert answer.endswith(b"Connection: close\r\n\r\n")


@pytest.mark.parametrize("nonsense", [b"x\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"GET /"])
async def test_a_backend_closes_on_nonsense(nonsense: bytes) -> None:
    assert await _talk(nonsense) == b""
