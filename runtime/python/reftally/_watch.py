"""The history of one object's reference count, by source line."""

import collections
import inspect
import linecache
import sys
import threading
import weakref


COPIES_VARIABLES = sys.version_info < (3, 11)


class Change(collections.namedtuple("Change", "file line gained lost times")):
    """One source line: references gained and lost while it ran, and how often it ran with a change."""

    @property
    def balance(self):
        return self.gained - self.lost


def copies(frame, obj):
    """References that tracing itself makes: before 3.11 a function that is traced keeps a copy of its variables."""
    count = 0
    while frame is not None and COPIES_VARIABLES:
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
            count += sum(value is obj for value in frame.f_locals.values())
        frame = frame.f_back
    return count


class Watch:
    """Traces every line that runs and attributes each change of the count to the line that was running.

    `before` and `after` are the counts at the ends of the block, `changes` the lines in the order of their first
    change. A call counts twice: the argument is a reference gained at the call and lost at the return.
    Tracing makes the program many times slower; the object is held weakly where it can be.
    """

    def __init__(self, obj):
        try:
            self._reference = weakref.ref(obj)
        except TypeError:
            self._reference = lambda kept=obj: kept
        # References that a count taken here sees and the program does not have: a local, an argument, and ours.
        self._own = 2 if isinstance(self._reference, weakref.ref) else 3
        self.name = type(obj).__qualname__
        self.changes = []
        self.before = self.after = None
        self._rows = {}
        self._last = 0
        self._place = None
        self._frames = []

    def _count(self, frame):
        obj = self._reference()
        if obj is None:
            return 0
        made = copies(frame, obj)  # which may make them: before the count
        return sys.getrefcount(obj) - self._own - made

    def __enter__(self):
        self._previous = sys.gettrace()
        frame = sys._getframe(1)
        self._place = (frame.f_code.co_filename, frame.f_lineno)
        while frame is not None:
            self._frames.append((frame, frame.f_trace))
            frame.f_trace = self._trace
            frame = frame.f_back
        self.before = self._last = self._count(sys._getframe(1))
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        sys.settrace(self._previous)
        threading.settrace(None)
        for frame, trace in self._frames:
            frame.f_trace = trace
        self._frames.clear()
        self._note(sys._getframe(1))
        self.after = self._last
        self.changes = [Change(file, line, *row) for (file, line), row in self._rows.items()]

    def _note(self, frame):
        now = self._count(frame)
        if now == self._last:
            return
        row = self._rows.setdefault(self._place, [0, 0, 0])
        row[0 if now > self._last else 1] += abs(now - self._last)
        row[2] += 1
        self._last = now

    def _trace(self, frame, event, _):
        if frame.f_globals.get("__name__") == __name__:
            return None
        self._note(frame)
        self._place = (frame.f_code.co_filename, frame.f_lineno)
        return self._trace

    def __str__(self):
        lines = [f"{self.name}: count {self.before} before, {self.after} after"]
        for change in self.changes:
            source = linecache.getline(change.file, change.line).strip()
            gained = f"+{change.gained}" if change.gained else ""
            lost = f"-{change.lost}" if change.lost else ""
            place = f"{change.file.rpartition('/')[2]}:{change.line}"
            lines.append(f"{gained:>6} {lost:>6}  {place:<24} {source}")
        return "\n".join(lines)
