"""Renders deploy/manifests from the chart, for those who do not use Helm: `python deploy/generate.py HELM`.

HELM is the path of a helm 3 or 4. A test compares what is committed with what this would write.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
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


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    MANIFESTS.write_text(render(sys.argv[1]))
