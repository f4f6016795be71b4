"""Random programs against the interpreter's own collector: what Reftally calls garbage is what gc.collect() finds.

    collector_fuzz.py HEAP_PROBE PACKAGE_FOLDER SEED COUNT [--generators] [--at-once=N]

Each program builds objects of many kinds that refer to each other at random, drops some of its variables, and is
looked at twice: by a snapshot, and by the collector with DEBUG_SAVEALL. Prints every difference; status 1 if any.
With --at-once, N programs share a snapshot and a collection: their objects do not refer to each other.
With --generators, suspended generators take part: their finalizers free objects before the collector lists them, so
then what the collector lists has only to be a part of what Reftally says.
"""

import functools
import gc
import os
import random
import subprocess
import sys
import weakref
from collections import OrderedDict, defaultdict, deque

heap_probe, package, first_seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with_generators = "--generators" in sys.argv
at_once = next((int(word.split("=")[1]) for word in sys.argv if word.startswith("--at-once=")), 1)
sys.path.insert(0, package)

import reftally  # noqa: E402


class Plain:
    pass


class Slotted:
    __slots__ = ("left", "right", "__weakref__")


class Half(Slotted):
    __slots__ = ("extra",)


class WithDict(Half):
    pass


class Dying:
    def __del__(self):
        pass


class MyList(list):
    pass


class MyDict(dict):
    pass


class MyTuple(tuple):
    pass


class MyError(Exception):
    pass


class Described:
    def __init__(self, value=None):
        self._value = value

    @property
    def value(self):
        return self._value

    def method(self):
        return self._value


def make_closure(value):
    def inner(*_):
        return value

    return inner


def make_generator(value):
    held = [value]
    yield held
    yield value


def make_error(value):
    try:
        local = value
        raise MyError(local)
    except MyError as error:
        return error


def attributes(thing, refer):
    for name in ("a", "b", "c"):
        value = refer()
        try:
            setattr(thing, name, value)
        except AttributeError:
            return thing
    return thing


def slots(thing, refer):
    thing.left = refer()
    thing.right = refer()
    if isinstance(thing, Half):
        thing.extra = refer()
    return thing


def cached(value):
    @functools.lru_cache(maxsize=4)
    def function(key):
        return value

    function(1)
    return function


def new_class(refer):
    return type("Made", (random_base(),), {"shared": refer(), "method": lambda self: self})


def random_base():
    return random.choice((object, Plain, Dying, MyList, MyDict, Described))


MAKERS = [
    lambda refer: attributes(Plain(), refer),
    lambda refer: attributes(Dying(), refer),
    lambda refer: slots(Slotted(), refer),
    lambda refer: slots(Half(), refer),
    lambda refer: attributes(slots(WithDict(), refer), refer),
    lambda refer: [refer() for _ in range(random.randrange(4))],
    lambda refer: (refer(), refer()),
    lambda refer: {"key": refer(), 7: refer()},
    lambda refer: {refer_hashable(refer()): refer()},
    lambda refer: attributes(MyList([refer()]), refer),
    lambda refer: attributes(MyDict(x=refer()), refer),
    lambda refer: attributes(MyTuple((refer(),)), refer),
    lambda refer: deque([refer(), refer()]),
    lambda refer: OrderedDict(a=refer(), b=refer()),
    lambda refer: defaultdict(list, a=refer()),
    lambda refer: make_closure(refer()),
    lambda refer: functools.partial(print, refer(), key=refer()),
    lambda refer: make_error(refer()),
    lambda refer: Described(refer()).method,
    lambda refer: cached(refer()),
    lambda refer: iter([refer()]),
    lambda refer: map(make_closure(refer()), [refer()]),
    lambda refer: set(map(refer_hashable, (refer(), refer()))),
    new_class,
    lambda refer: attributes(new_class(refer)(), refer),
]


def refer_hashable(value):
    try:
        hash(value)
        return value
    except TypeError:
        return id(value)


def add_reference(things, refer):
    """One more reference from a thing that can take it."""
    thing = random.choice(things)
    if isinstance(thing, (list, deque)):
        thing.append(refer())
    elif isinstance(thing, dict):
        thing[random.randrange(100)] = refer()
    elif isinstance(thing, set):
        thing.add(refer_hashable(refer()))
    elif isinstance(thing, (Slotted,)):
        thing.left = refer()
    else:
        try:
            thing.more = refer()
        except AttributeError:
            pass


def build(size):
    things = [Plain()]
    weak = []

    def refer():
        return random.choice(things) if random.random() < 0.8 else random.randrange(1000)

    makers = MAKERS + [lambda r: started(make_generator(r()))] * (3 if with_generators else 0)
    for _ in range(size):
        things.append(random.choice(makers)(refer))
    for _ in range(size):
        add_reference(things, refer)
    for thing in random.sample(things, len(things) // 4):
        try:
            weak.append(weakref.ref(thing, make_closure(weak) if random.random() < 0.2 else None))
        except TypeError:
            pass
    kept = random.sample(things, random.choice((0, 0, 1, 3)))
    return kept, weak if random.random() < 0.5 else None


def started(generator):
    next(generator)
    return generator


def collector_finds():
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    found = {id(thing): type(thing).__name__ for thing in gc.garbage}
    gc.garbage.clear()
    return found


def reftally_finds(path):
    output = subprocess.run([heap_probe, "garbage", path], check=True, stdout=subprocess.PIPE, text=True).stdout
    os.unlink(path)
    return {int(line.split(" ", 1)[0]): line.split(" ", 1)[1] for line in output.splitlines()}


def run(seed):
    state = []
    for number in range(seed, seed + at_once):
        random.seed(number)
        state.append(build(random.randrange(5, 60)))
    path = reftally.dump()
    real = collector_finds()
    del state
    predicted = reftally_finds(path)
    gc.collect()
    missed = {key: name for key, name in real.items() if key not in predicted}
    extra = {key: name for key, name in predicted.items() if key not in real}
    if missed or (extra and not with_generators):
        print(f"seed {seed}: collector {len(real)}, reftally {len(predicted)}")
        for key, name in list(missed.items())[:5]:
            print(f"  only the collector: {key:#x} {name}")
        for key, name in list(extra.items())[:5]:
            print(f"  only reftally: {key:#x} {name}")
    return len(real), bool(missed or (extra and not with_generators)), len(extra)


def main():
    gc.collect()
    gc.disable()
    reftally_finds(reftally.dump())  # imports and caches of the first time are not garbage of a program
    gc.collect()
    snapshots_with_garbage = objects = mismatches = extras = 0
    for seed in range(first_seed, first_seed + count, at_once):
        found, mismatch, extra = run(seed)
        snapshots_with_garbage += found != 0
        objects += found
        mismatches += mismatch
        extras += extra != 0
    print(f"{count} programs, {snapshots_with_garbage} snapshots with garbage, {objects} garbage objects, {mismatches} mismatches,"
          f" {extras} with more than the collector lists")
    return 1 if mismatches else 0


sys.exit(main())
