"""Which process does the work of a distaff that was started: the child of the one that guards it."""


def engine_of(pid):
    """The engine's process id; of other programs, and before the guard has begun, `pid` itself."""
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        if file.read() != "spindle\n":
            return pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        children = file.read().split()
    return int(children[0]) if children else pid
