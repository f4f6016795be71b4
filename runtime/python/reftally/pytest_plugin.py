"""pytest plugin: tests that leave reference cycles, or more objects than they found.

    @pytest.mark.no_new_cycles          fails when the test leaves cycles that only the collector can free
    @pytest.mark.max_growth(10)         runs the test twice; fails when the second run leaves more than 10 objects
    pytest --reftally                   checks every test for cycles, tells at the end, and writes a dump
"""

import gc
import types

import pytest

import reftally
from reftally._cycles import components, ring_text, take_garbage

_SHOWN = 5  # rings told of one test


def pytest_addoption(parser):
    group = parser.getgroup("reftally", "reference cycles and growth")
    group.addoption("--reftally", action="store_true", help="tell which tests leave cycles, and write a dump at the end")


def pytest_configure(config):
    config.addinivalue_line("markers", "no_new_cycles: the test must not leave reference cycles behind")
    config.addinivalue_line("markers", "max_growth(objects): a second run must not leave more objects than that")
    if config.getoption("--reftally"):
        config.pluginmanager.register(_Session(), "reftally-session")


def _is_of_pytest(component, function):
    """A ring that pytest itself makes: the test's frame, and the exception that it keeps for the report."""
    for obj in component:
        if isinstance(obj, types.FrameType):
            if obj.f_code is not getattr(function, "__code__", None):
                return False
        elif not isinstance(obj, (types.TracebackType, BaseException, dict, list, tuple)) and not type(
            obj
        ).__module__.startswith("_pytest."):
            return False
    return True


def _rings_left(function):
    garbage = take_garbage()
    found = [ring_text(part) for part in components(garbage) if not _is_of_pytest(part, function)]
    garbage.clear()
    gc.collect()
    return found


def _told(rings):
    distinct = sorted(set(rings), key=rings.index)
    lines = [f"  {rings.count(ring)} x {ring}" if rings.count(ring) > 1 else f"  {ring}" for ring in distinct[:_SHOWN]]
    if len(distinct) > _SHOWN:
        lines.append(f"  ... and {len(distinct) - _SHOWN} more shapes")
    return "\n".join(lines)


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    marked = pyfuncitem.get_closest_marker("no_new_cycles") is not None
    session = pyfuncitem.config.pluginmanager.getplugin("reftally-session")
    limit = pyfuncitem.get_closest_marker("max_growth")
    watched = marked or session is not None
    was_enabled = gc.isenabled()
    if watched:
        gc.collect()
        gc.disable()
    outcome = yield
    if watched:
        rings = _rings_left(pyfuncitem.function) if outcome.excinfo is None else []
        if was_enabled:
            gc.enable()
        if rings and marked:
            if session is not None:
                session.failed += 1
            _fail(outcome, f"the test leaves reference cycles:\n{_told(rings)}")
        elif rings and session is not None:
            session.rings[pyfuncitem.nodeid] = rings
    if limit is not None and outcome.excinfo is None:
        _check_growth(pyfuncitem, limit, outcome)


def _fail(outcome, text):
    failure = pytest.fail.Exception(text, pytrace=False)
    if not hasattr(outcome, "force_exception"):  # pluggy before 1.1
        raise failure
    outcome.force_exception(failure)


def _check_growth(item, limit, outcome):
    allowed = limit.args[0] if limit.args else limit.kwargs.get("objects", 0)
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
    with reftally.growth() as growth:
        item.obj(**arguments)
    if growth.total > allowed:
        _fail(outcome, f"the second run leaves {growth.total} objects more, {allowed} are allowed:\n{growth}")


class _Session:
    def __init__(self):
        self.rings = {}
        self.failed = 0  # of those marked, which have told theirs

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("reftally")
        for test, rings in self.rings.items():
            terminalreporter.line(f"{test} leaves reference cycles:")
            terminalreporter.line(_told(rings))
        if not self.rings:
            other = " other" if self.failed else ""
            terminalreporter.line(f"no{other} test leaves reference cycles")
        terminalreporter.line(f"dump: {reftally.dump()}")
