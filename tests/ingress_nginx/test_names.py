"""Services that lead to a name, as requests meet them. Root and `ip` are needed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.ingress_nginx.outside import ADDRESS, NAME

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 120
# Changes of both namespaces end with the process: neither the addresses nor the names of this machine are touched.
INSIDE: Final = (
    f"ip link set lo up && ip address add {ADDRESS}/32 dev lo && "
    'mount --bind "$1/hosts" /etc/hosts && exec "$0" -m tests.ingress_nginx.outside "$1"'
)


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
@pytest.mark.skipif(not shutil.which("ip"), reason="ip is not installed")
def test_a_service_that_leads_to_a_name_is_served_from_there_while_the_name_is_good(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost\n{ADDRESS} {NAME}\n")
    command = ["unshare", "--net", "--mount", "sh", "-c", INSIDE, sys.executable, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
