"""`python -m tests.cluster`: check this machine; build, start, describe and end the test cluster of this tree."""

import argparse
import subprocess
import sys
import time

from tests.cluster import build, cluster


def main() -> None:
    """Run one command; failures are one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "check": "say what this machine lacks for it, if anything; nothing is built",
        "build": "build what is missing into the cache (minutes the first time)",
        "up": "start the cluster, if it does not run",
        "down": "end it",
        "status": "say what runs and where",
        "kubeconfig": "print the path of its kubeconfig",
    }.items():
        commands.add_parser(name, help=text)
    try:
        perform(parser.parse_args().command)
    except (build.UnavailableError, cluster.ClusterError, subprocess.CalledProcessError) as error:
        sys.exit(f"tests.cluster: {error}")


def perform(command: str) -> None:
    if command == "check":
        cluster.check()
        build.go()
        return
    if command == "build":
        for path in build.build().values():
            print(path)
        return
    if command == "up":
        cluster.check()
        began = time.monotonic()
        found = cluster.up(build.build())
        print(f"up after {time.monotonic() - began:.1f} s, pid {found.state.pid}")
        print(f"export KUBECONFIG={found.kubeconfig}")
        return
    if command == "down":
        print("down" if cluster.down() else "it did not run")
        return
    running = cluster.running()
    if running is None:
        message = "no cluster runs: `python -m tests.cluster up` starts one"
        raise cluster.ClusterError(message)
    if command == "kubeconfig":
        print(running.kubeconfig)
        return
    for name, value in {
        "folder": running.folder,
        "API server": f"https://{running.state.node}:{cluster.PORT}",
        "pods": running.state.pods,
        "Services": running.state.services,
        "load balancers": running.state.load_balancers,
        "components": ", ".join(f"{name} {'up' if up else 'down'}" for name, up in running.components().items()),
    }.items():
        print(f"{name:15} {value}")


if __name__ == "__main__":
    main()
