"""Birth stacks of random programs against the stacks that the programs walk themselves, frame by frame.

    births_test.py REFTALLY PACKAGE_FOLDER SEED PROGRAMS

A program is a module of functions that call each other in every way there is: from the interpreter's loop and from C,
as methods, constructors, finalizers, generators and coroutines, in other threads, through exceptions. On the way it
makes objects, and tells of each where it was made. Prints every difference; status 1 if any.
"""

import functools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import weakref

reftally_command, package = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
first_seed, programs = int(sys.argv[3]), int(sys.argv[4])
os.environ.setdefault("REFTALLY_AT_EXIT", "0")
sys.path.insert(0, package)

import reftally  # noqa: E402

DEPTHS = (1, 2, 8, 25)
FUNCTIONS = 12
kept = []  # (object, its stack innermost first)


class Born:
    __slots__ = ("number",)


def note(*made):
    """Of objects made on the line that calls: what a slow walk says. Returns them."""
    frame, stack = sys._getframe(1), []
    if frame.f_code.co_name == "note_from_c":
        frame = frame.f_back
    while frame is not None:
        stack.append((frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    for thing in made:
        if isinstance(thing, Born):
            kept.append((thing, stack))
    return made


# A call that does not leave the interpreter's loop wipes what the agent remembers of a frame; one by C does not.
note_by_c = functools.partial(note)

# {f}: a function of the program, {s}: a step deeper. Each is one line.
STATEMENTS = """
{note}(Born())
{note}(Born(), Born(), [Born()])
{note}(Born(), {f}({s}), Born())
{note}(Born(), list(map({f}, [{s}])), Born())
{note}(Born(), sorted([{s}], key={f}), Born())
[{note}(Born()) for _ in range(2)]
{note}(Born(), [{f}({s}) for _ in range(2)])
{note}(Born(), (lambda at: {f}(at))({s}), Born())
{note}(Born(), sum(1 for _ in walk({s})), Born())
{note}(Born(), functools.partial({f}, {s})(), Born())
{note}(Made({s}), Born())
{note}(Born(), Made({s}).again({s}), Born())
{note}(Born(), Made.made({s}).value, Born())
{note}(Born(), run({s}), Born())
{note}(Born(), caught({f}, {s}), Born())
{note}(Born(), eval("{f}({s})"), Born())
{note}(Born(), apart({f}, {s}), Born())
{f}({s})
{f}({s}); {f}({s})
list(map({f}, [{s}, {s}]))
Dying({s})
for _ in walk({s}): {note}(Born())
for _ in through({s}): {note}(Born(), _)
with Context({s}): {note}(Born())
if at % 2: raise ValueError({note}(Born()))
""".strip().split("\n")

SHARED = '''
def walk(at):
    {note}(Born())
    yield {f}(at)
    {note}(Born())
    yield {g}(at)

def through(at):
    yield from walk(at)
    {note}(Born())

async def inner(at):
    {note}(Born())
    return {f}(at)

async def outer(at):
    {note}(Born(), await inner(at), Born())

def run(at):
    try:
        outer(at).send(None)
    except StopIteration:
        pass
    {note}(Born())

def caught(call, at):
    try:
        return call(at)
    except (ValueError, RuntimeError):
        {note}(Born())

def apart(call, at):
    thread = threading.Thread(target=caught, args=(call, at))
    thread.start()
    {note}(Born())
    thread.join()

class Made:
    def __init__(self, at):
        {note}(Born())
        self.at = at
        {f}(at)
        {note}(Born())
    def again(self, at):
        return {note}(Born(), {g}(at))
    @classmethod
    def made(cls, at):
        return cls(at)
    @property
    def value(self):
        return {note}(Born())

class Dying:
    def __init__(self, at):
        self.at = at
    def __del__(self):
        {note}(Born())
        caught({g}, self.at)

class Context(Made):
    def __enter__(self):
        {note}(Born())
    def __exit__(self, *reason):
        {note}(Born(), {g}(self.at))
        return True
'''


def program(rand):
    """Source. Function N calls those after it, or itself with one step less to go."""
    def fill(text, number):
        call = rand.randrange(number + 1, FUNCTIONS + 1) if rand.random() < 0.9 else number
        return text.format(note=rand.choice(("note", "note_by_c")), f=f"f{call}", g=f"f{rand.randrange(number, FUNCTIONS)}",
                           s="at - 1" if call != number or "at" else "at")
    lines = []
    for line in SHARED.strip("\n").split("\n"):
        lines.append(fill(line, FUNCTIONS - 3))
    for number in range(FUNCTIONS):
        lines += ["", f"def f{number}(at=1):", "    if at <= 0: return note_by_c(Born())"]
        lines += ["    " + fill(rand.choice(STATEMENTS), number) for _ in range(rand.randrange(1, 5))]
    lines += ["", f"def f{FUNCTIONS}(at=1):", "    note(Born())"]
    return "\n".join(lines) + "\n"


def run_mortal_code():
    """Functions that are gone when the snapshot is taken. The next often lies where the last one lay, and every 60th
    says what one before said. That they were in stacks keeps none of them."""
    for number in range(300):
        name = f"gone{number % 20}"
        space = {"Born": Born, "note": note}
        source = "\n" * (number % 3) + f"def {name}():\n    note(Born(), [0])\n    note_more()\n{name}()\n"
        space["note_more"] = lambda: note(Born())
        exec(compile(source, "mortal.py", "exec"), space)
        code = weakref.ref(space[name].__code__)
        space.clear()
        if code() is not None:
            print(f"{name}: its code lives on")
            return 1
    return 0


def run_programs(depth):
    """In a process of its own: programs under birth stacks of that depth. Returns the number of differences."""
    assert reftally.record_births(depth)
    sys.unraisablehook = lambda told: None
    threading.excepthook = lambda told: None
    for seed in range(first_seed, first_seed + programs):
        rand = random.Random(seed)
        space = {name: globals()[name] for name in ("Born", "note", "note_by_c", "functools", "threading")}
        exec(compile(program(rand), f"program{seed}.py", "exec"), space)
        before = len(kept)
        for _ in range(3):
            for start in range(3):
                space["caught"](space[f"f{start}"], 3)
            if len(kept) > before + 3000:
                break
    return run_mortal_code() + compare(depth)


def compare(depth):
    with tempfile.TemporaryDirectory(prefix="reftally-births-") as folder:
        os.environ["REFTALLY_OUTPUT_DIR"] = folder
        path = reftally.dump()
        sql = "SELECT o.address, s.frames FROM objects o JOIN stacks s ON s.id = o.stack WHERE o.type LIKE '%.Born'"
        told = json.loads(subprocess.run([reftally_command, "query", "--format", "json", "--timeout", "300", path, sql],
                                         check=True, stdout=subprocess.PIPE).stdout)
    rows = told["rows"] if isinstance(told, dict) else told
    stacks = {int(row["address"], 16): frames_of(row["frames"]) for row in rows}
    wrong = 0
    for thing, expected in kept:
        found = stacks.get(id(thing))
        if found == expected[:depth]:
            continue
        wrong += 1
        if wrong <= 3:
            print(f"depth {depth}: told {found}\n  is {expected[:depth]}")
    print(f"Python {sys.version.split()[0]}, depth {depth}: {len(kept)} objects, "
          f"{len({tuple(stack) for _, stack in kept})} stacks, {wrong} wrong", flush=True)
    return wrong


def frames_of(text):
    """`qualified.name FILE:LINE` a line -> the function's own name, and the line."""
    found = [re.fullmatch(r"(.*) (.*):(\d+)", line) for line in text.split("\n") if line]
    return [(match.group(1).split(".")[-1], int(match.group(3))) for match in found]


if __name__ == "__main__":
    if len(sys.argv) > 5:
        sys.exit(min(run_programs(int(sys.argv[5])), 1))
    sys.exit(max(subprocess.run([sys.executable, *sys.argv, str(depth)]).returncode for depth in DEPTHS))
