"""Stands between control and data plane on their socket, passes everything on, and notes when control speaks.

So the moment of a publish is known without a clock inside the product: it is when its first byte passes here.
"""

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Self


class Relay:
    """Listens on `front`, where control connects, and passes on to `back`, where the data plane listens."""

    def __init__(self, front: Path, back: Path) -> None:
        self.back = back
        self.spoke: list[float] = []  # monotonic seconds of everything that control said
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(front))
        front.chmod(0o600)
        self.listener.listen()
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def first_after(self, moment: float) -> float | None:
        return next((spoke for spoke in self.spoke if spoke >= moment), None)

    def _accept(self) -> None:
        while True:
            try:
                control, _ = self.listener.accept()
            except OSError:
                return
            self.threads.append(threading.Thread(target=self._serve, args=(control,), daemon=True))
            self.threads[-1].start()

    def _serve(self, control: socket.socket) -> None:
        with control, socket.socket(socket.AF_UNIX) as data_plane:
            try:
                data_plane.connect(str(self.back))
            except OSError:
                return  # control tries again
            answers = threading.Thread(target=self._pass, args=(data_plane, control, False), daemon=True)
            answers.start()
            self._pass(control, data_plane, noted=True)
            answers.join()

    def _pass(self, source: socket.socket, target: socket.socket, noted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 20):
                if noted:
                    self.spoke.append(time.monotonic())
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A thread in accept() is woken by a shutdown, not by a close.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(5)  # both ends are gone by now; should one hang, it ends with us
