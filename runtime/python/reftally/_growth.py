"""What grew between two moments of a program, counted by type, with the way in which an example is held."""

import collections
import gc
import sys
import types

from reftally._names import object_name, reference_name, type_name

_STEPS = 12  # of a path to a root: each costs a search of the whole heap

Grown = collections.namedtuple("Grown", "type count example path")


class Growth:
    """Counts the objects that the cycle collector knows, before and after a block.

    After the block, `grown` has a row (type, count, example, path) for each type of which more objects live than
    before, most first; `total` is the sum of the counts. Objects that only wait for the collector are not counted.
    """

    def __init__(self):
        self.grown = []
        self._before = None

    @property
    def total(self):
        return sum(row.count for row in self.grown)

    def __enter__(self):
        gc.collect()
        objects = gc.get_objects()
        self._before = _count_types(objects)
        self._known = set(map(id, objects))
        return self

    def __exit__(self, *_):
        gc.collect()
        objects = gc.get_objects()
        after = _count_types(objects)
        after[set] = after.get(set, 0) - 1  # what we know of the time before
        after[dict] = after.get(dict, 0) - 1
        before, known = self._before, self._known
        rows = []
        for cls, count in after.items():
            if count > before.get(cls, 0):
                rows.append((count - before.get(cls, 0), cls))
        rows.sort(key=_most_first)
        examples = _first_new(objects, known, [cls for _, cls in rows])
        del self._before, self._known, before, after
        ignored = {id(objects), id(examples), id(rows), id(known)}
        for count, cls in rows:  # not a comprehension: its cells would be growth
            if cls in examples:
                path = holding_path(examples[cls], ignored)
                self.grown.append(Grown(type_name(cls), count, object_name(examples[cls]), path))

    def __str__(self):
        if not self.grown:
            return "nothing grew"
        lines = []
        for row in self.grown:
            lines.append(f"{row.count:+} {row.type}")
            lines.extend(f"     {step}" for step in row.path)
        return "\n".join(lines)


def _count_types(objects):
    counts = {}  # not a Counter: its first use fills caches of abstract base classes, which would be growth
    for obj in objects:
        cls = type(obj)
        counts[cls] = counts.get(cls, 0) + 1
    return counts


def _most_first(row):
    return -row[0], type_name(row[1])


def _first_new(objects, known, wanted):
    examples = {}
    for obj in objects:
        if type(obj) in wanted and id(obj) not in known and obj is not known and not _is_own_frame(obj):
            examples.setdefault(type(obj), obj)
    return examples


def _own_frames():
    frame, frames = sys._getframe(), set()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("reftally."):
        frames.add(id(frame))
        frame = frame.f_back
    return frames


def _root_name(obj):
    """The name under which everybody finds `obj`: a module, or None."""
    return obj.__name__ if isinstance(obj, types.ModuleType) else None


def _owner_of_namespace(namespace):
    """The object, class or module whose __dict__ `namespace` is, or None."""
    for owner in gc.get_referrers(namespace):
        try:
            if not isinstance(owner, types.FrameType) and owner.__dict__ is namespace:
                return owner
        except Exception:
            pass
    return None


def _step(holder, target, ignored):
    """(object that holds, text of the step): a namespace stands for the object whose it is."""
    if type(holder) is dict:
        for module in list(sys.modules.values()):
            if isinstance(module, types.ModuleType) and module.__dict__ is holder:
                return module, f"{module.__name__}{_attribute_text(holder, target)}"
        owner = _owner_of_namespace(holder)
        if owner is not None and id(owner) not in ignored:
            return owner, f"{object_name(owner)}{_attribute_text(holder, target)}"
    return holder, f"{object_name(holder)}{reference_name(holder, target)}"


def _attribute_text(namespace, target):
    for key, value in list(namespace.items()):
        if value is target:
            return f".{key}"
    return ""


def holding_path(obj, ignored=()):
    """Lines from a module, class or frame down to `obj`: the nearest holders first found, not the only ones."""
    ignored = set(ignored) | _own_frames()
    steps, seen = [], {id(obj)}
    current = obj
    for _ in range(_STEPS):
        holders = gc.get_referrers(current)
        ignored.add(id(holders))
        chosen = None
        for holder in holders:
            if id(holder) in ignored or id(holder) in seen or _is_own_frame(holder):
                continue
            chosen = holder if chosen is None or _rank(holder) < _rank(chosen) else chosen
        if chosen is None:
            break
        seen.add(id(chosen))
        current, text = _step(chosen, current, ignored | {id(holders)})
        seen.add(id(current))
        steps.append(text)
        del holders
        if _root_name(current) is not None or isinstance(current, (types.FrameType, type)):
            break
    return steps[::-1]


def _is_own_frame(holder):
    return isinstance(holder, types.FrameType) and holder.f_globals.get("__name__", "").startswith("reftally.")


def _rank(holder):
    """Which of several holders to follow: what says most about the program first."""
    if isinstance(holder, (types.ModuleType, type)):
        return 0
    if isinstance(holder, types.FrameType):
        return 3
    return 1 if isinstance(holder, dict) else 2
