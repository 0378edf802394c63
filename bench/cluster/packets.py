"""What arrives at the API server from outside of the cluster while it cannot answer, counted by the packet filter.

An API server that is stopped or frozen writes no audit log. Connections begun and pieces of data sent are what it costs
the network, and what would hit it once it is back.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.cluster.cluster import PORT, Cluster

_TABLE: Final = "sallygate_bench"
_RULES: Final = """\
table inet {table} {{
  counter begun {{ }}
  counter sent {{ }}
  chain arriving {{
    type filter hook input priority -10; policy accept;
    ip saddr {host} tcp dport {port} tcp flags & (syn | ack) == syn counter name begun
    ip saddr {host} tcp dport {port} tcp flags & psh == psh counter name sent
  }}
}}
"""


class Packets:
    def __init__(self, pid: int) -> None:
        self._pid = pid

    def nft(self, *words: str, text: str = "") -> str:
        """In the network namespace of the cluster."""
        command = ["nsenter", "--target", str(self._pid), "--net", "nft", *words]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    def read(self) -> tuple[int, int]:
        """Connections begun, and pieces of data sent, so far."""
        found = {
            row["counter"]["name"]: row["counter"]["packets"]
            for row in json.loads(self.nft("-j", "list", "counters", "table", "inet", _TABLE))["nftables"]
            if "counter" in row
        }
        return found["begun"], found["sent"]


@contextmanager
def counted(cluster: Cluster) -> Iterator[Packets]:
    packets = Packets(cluster.state.pid)
    packets.nft("-f", "-", text=_RULES.format(table=_TABLE, host=cluster.host, port=PORT))
    try:
        yield packets
    finally:
        packets.nft("delete", "table", "inet", _TABLE)
