"""The walls of an engine's room, and which of them an agent says that this machine lets nobody build."""
import json

WALLS = ["user", "network", "files", "processes", "systemCalls", "output"]


def named(hint):
    """The walls that an agent names when it stops over them."""
    words = hint.partition(";")[0].replace(",", " ").split()
    return [wall for wall in WALLS if wall in words]


def stopped_over(output):
    """The hint of an agent that stopped over its walls; None for any other end."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            last = json.loads(line)
            return last["hint"] if last["reason"] == "wallsMissing" else None
    return None
