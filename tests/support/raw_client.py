"""A client that sends exactly the bytes it is given, and takes answers apart without mercy."""

import socket
import ssl
from typing import NamedTuple, Self

SECONDS = 15.0


class Response(NamedTuple):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        return self.body.decode()


class BrokenAnswerError(Exception):
    """The peer closed, reset, or sent what is no HTTP answer."""


class RawClient:
    """One connection, kept as long as both sides like. With `tls` it names `server_name` and verifies against `ca`."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        session: ssl.SSLSession | None = None,
        source: tuple[str, int] | None = None,
    ) -> None:
        plain = socket.create_connection(address, timeout=SECONDS, source_address=source)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = plain
        self._rest = b""
        if tls:
            try:
                self.socket = tls.wrap_socket(plain, server_hostname=server_name, session=session)
            except BaseException:
                plain.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def get(self, host: str, path: str = "/", *extra: str) -> Response:
        self.send("\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *extra, "", ""]).encode())
        return self.response()

    def response(self, *, to_head: bool = False) -> Response:
        """The next answer, whole. Informational ones are skipped."""
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1")
            line, *lines = head[:-4].split("\r\n")
            version, _, rest = line.partition(" ")
            if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
                raise BrokenAnswerError(line)
            headers = tuple((name, value.strip()) for name, _, value in (each.partition(":") for each in lines))
            answer = Response(int(rest[:3]), headers, b"")
            if answer.status >= 200 or answer.status == 101:
                break
        if to_head or answer.status in {101, 204, 304}:
            return answer
        if (answer.header("transfer-encoding") or "").lower() == "chunked":
            return answer._replace(body=self._chunks())
        length = answer.header("content-length")
        return answer._replace(body=self._to_end() if length is None else self._exactly(int(length)))

    def closed(self) -> bool:
        """The peer closes without a further byte; waits for it."""
        return self._to_end() == b""

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            body += self._exactly(size)
            self._exactly(2)
        while self._until(b"\r\n") != b"\r\n":
            pass
        return body

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._more()
        at = self._rest.index(mark) + len(mark)
        found, self._rest = self._rest[:at], self._rest[at:]
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _to_end(self) -> bytes:
        while True:
            try:
                self._more()
            except BrokenAnswerError:
                found, self._rest = self._rest, b""
                return found

    def _more(self) -> None:
        try:
            data = self.socket.recv(65_536)
        except ConnectionError as error:
            raise BrokenAnswerError(str(error)) from error
        if not data:
            raise BrokenAnswerError("closed by the peer")
        self._rest += data


def fetch(
    address: tuple[str, int],
    host: str,
    path: str = "/",
    *,
    tls: ssl.SSLContext | None = None,
    extra: tuple[str, ...] = (),
) -> Response:
    """One request on a connection of its own."""
    with RawClient(address, tls=tls, server_name=host if tls else None) as client:
        return client.get(host, path, "Connection: close", *extra)
