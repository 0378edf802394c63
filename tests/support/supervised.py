"""`python -m tests.support.supervised FOLDER` runs the supervisor over children that are small scripts of a test.

FOLDER/children.json maps a child's name to its source; "dataplane" is required. What the children tell is printed.
"""

import json
import sys
from pathlib import Path

from gateway.supervise.child import Spec
from gateway.supervise.link import Event
from gateway.supervise.ready import ReadyFile
from gateway.supervise.sockets import listen
from gateway.supervisor import Plan, Supervisor

PRELUDE = """\
import json, os, signal, sys, threading, time
lifeline, notify = int(sys.argv[2]), int(sys.argv[4])
folder, fds = sys.argv[5], [int(fd) for fd in sys.argv[6:]]
def tell(event, **fields):
    os.write(notify, json.dumps({"event": event, **fields}).encode() + b"\\n")
def until_told(code=0):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(code))
    while True:
        signal.pause()
"""


def main() -> int:
    folder = Path(sys.argv[1])
    scripts: dict[str, str] = json.loads((folder / "children.json").read_text())
    listening = {name: listen("127.0.0.1", 0, 2, flag=f"--{name}-port") for name in ("http", "https", "health")}
    fds = tuple(fd for each in listening.values() for fd in each.fds)

    def spec(name: str) -> Spec:
        inherited = fds if name == "dataplane" else ()
        arguments = (str(folder), *map(str, inherited))
        return Spec(name, (sys.executable, "-c", PRELUDE + scripts[name]), arguments, inherited)

    def observe(child: str, event: Event) -> None:
        sys.stdout.write(json.dumps([child, event]) + "\n")
        sys.stdout.flush()

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    others = [spec(name) for name in scripts if name != "dataplane"]
    plan = Plan(spec("dataplane"), others, listening, stop_seconds=0.5)
    return Supervisor(plan, ReadyFile(folder / "ready.json"), observe, say).run()


if __name__ == "__main__":
    sys.exit(main())
