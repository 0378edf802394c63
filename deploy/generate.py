"""Writes what is made from other things: `python deploy/generate.py HELM`, with the path of a helm 3 or 4.

- the chart's table of flags, from the tables of the commands
- deploy/manifests, from the chart, for those who do not use Helm

Tests compare what is committed with what this would write.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from gateway.cli.dataplane import add_serving_flags  # noqa: E402 -- of this tree, whatever is installed
from gateway.settings.flags import FLAGS  # noqa: E402
from gateway.settings.legacy import LEGACY  # noqa: E402

FLAG_TABLE = HERE / "chart" / "files" / "flags.yaml"
FLAG_HEAD = """\
# Made by deploy/generate.py. Which of our two processes has a flag, and why one of ingress-nginx's has no effect:
# `harmless` are the values that ask for what is done anyway, of which nothing is said.
"""
MANIFESTS = HERE / "manifests" / "sallygate.yaml"
NAMESPACE = "sallygate"
VALUES = ("controller.replicaCount=2",)
HEAD = f"""\
# Made by deploy/generate.py from deploy/chart: change the chart, and run it anew.
---
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""
HELMS = ("# Source:", "app.kubernetes.io/managed-by: Helm", "helm.sh/chart:")  # only true of what Helm installs


def render(helm: str) -> str:
    command = [helm, "template", "sallygate", str(HERE / "chart"), "--namespace", NAMESPACE, "--set", ",".join(VALUES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    kept = [line.rstrip() for line in done.stdout.splitlines() if not line.strip().startswith(HELMS)]
    return HEAD + "\n".join(kept).strip().replace("\n\n---", "\n---") + "\n"


def flag_table() -> str:
    serving = argparse.ArgumentParser(add_help=False)
    add_serving_flags(serving, default_ports=(None, None, None))
    table = {
        "control": sorted(row.flag.removeprefix("--") for row in FLAGS),
        "dataplane": sorted(flag.removeprefix("--") for row in serving._actions for flag in row.option_strings),  # noqa: SLF001
        "withoutEffect": {
            row.flag.removeprefix("--"): {
                "why": f"{row.why}; {row.fix}" if row.fix else row.why,
                "harmless": [*row.harmless],
            }
            for row in LEGACY
        },
    }
    return FLAG_HEAD + yaml.safe_dump(table, sort_keys=False, width=120)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    FLAG_TABLE.write_text(flag_table())
    MANIFESTS.write_text(render(sys.argv[1]))
