"""Reftally inside a Python program: snapshots, and expectations about objects that should be gone.

    import reftally
    reftally.expect_released(session, "closed")   # whoever still holds it is named in the report
    reftally.dump()                               # NAME.PID.N.tally, for `reftally analyze`

Works under `reftally run`, and without it.
"""

import importlib.machinery
import importlib.util
import os
import sys
import weakref

__all__ = ["dump", "expect_released"]


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
