"""Reftally inside a Python program: snapshots, expectations, growth, and the history of one object's count.

    import reftally
    reftally.expect_released(session, "closed")   # whoever still holds it is named in the report
    reftally.dump()                               # NAME.PID.N.tally, for `reftally analyze`

    with reftally.growth() as growth:             # what is left of this block, by type and holder
        serve_requests()
    print(growth)

    with reftally.watch(session) as history:      # every line that changed its count, and by how much
        serve_requests()
    print(history)

Works under `reftally run`, and without it.
"""

import importlib.machinery
import importlib.util
import os
import sys
import weakref

from reftally._growth import Growth
from reftally._watch import Watch

__all__ = ["dump", "expect_released", "growth", "record_births", "watch"]


def _load_agent():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "libreftally-python.so")
    loader = importlib.machinery.ExtensionFileLoader("reftally._agent", os.path.normpath(path))
    spec = importlib.util.spec_from_file_location("reftally._agent", loader.path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules["reftally._agent"] = module
    return module


_agent = _load_agent()
_expectations = []  # (weak reference or None, address, reason), read by the agent at each snapshot
_agent.set_expectations(_expectations)


def dump(wait=True):
    """Takes a snapshot and returns the path of its file.

    With wait=False the program goes on at once, and the file is whole a moment later.
    """
    return _agent.dump(wait)


def expect_released(obj, why=""):
    """Says that `obj` should be gone from now on: if it is not, the report names who holds it.

    An object that cannot be weakly referenced (list, dict, ...) is known by its address alone: another object that
    takes its place is taken for it.
    """
    try:
        reference = weakref.ref(obj)
    except TypeError:
        reference = None
    _expectations[:] = [row for row in _expectations if row[0] is None or row[0]() is not None]
    _expectations.append((reference, id(obj), str(why)))


def record_births(depth=8, native_frames=False):
    """From now on, notes the innermost `depth` Python frames of every allocation; `reftally run` does so from the start.

    Reports then say where an object was born. With native_frames, what an extension made begins with the C functions
    that made it; that is slower. False when this interpreter gives no way to do it.
    """
    if not _agent.record_births(depth):
        return False
    return not native_frames or _agent.record_native_frames(None)


def growth():
    """A context manager that says what is left of its block; see Growth."""
    return Growth()


def watch(obj):
    """A context manager that counts, line by line, what changed the reference count of `obj`; see Watch."""
    return Watch(obj)
