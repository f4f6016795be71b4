"""What a snapshot of a Python program costs, beside the ways Python itself offers; and birth stacks beside tracemalloc.

    python_snapshots.py PACKAGE_FOLDER [OBJECTS...]        (default: 1000000 5000000)

One row a measurement, each the best of three in a process of its own, in CPU time; snapshots, which a child writes,
in time on the clock: run it on a quiet machine. Peers that are not installed are said to be missing.
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap

PRELUDE = """
import gc, json, os, sys, time
sys.path.insert(0, PACKAGE)
class Node:
    def __init__(self, number):
        self.number = number
        self.links = [number]
def best(function, times=3):
    taken = []
    for _ in range(times):
        begin = time.process_time()  # the machine's other work does not count
        function()
        taken.append(time.process_time() - begin)
    return min(taken)
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
"""
# A node is three objects: the instance, its list, and an int (the small ones are shared).
HEAP = "nodes = [Node(10**6 + i) for i in range(COUNT // 3)]\n"

SNAPSHOT = HEAP + """
import reftally
def pause():
    begin = time.perf_counter()
    reftally.dump(wait=False)
    return time.perf_counter() - begin
paths = []
begin = time.perf_counter()
paths.append(reftally.dump())
whole = time.perf_counter() - begin  # the work is a child's
size = os.path.getsize(paths[-1])
result = {"seconds": whole, "bytes": size, "resident": resident()}
pauses = []
for _ in range(3):
    pauses.append(pause())
    time.sleep(2 * whole + 1)
result["pause"] = min(pauses)
def fork():
    begin = time.perf_counter()
    child = os.fork()
    if child == 0:
        os._exit(0)
    taken = time.perf_counter() - begin
    os.waitpid(child, 0)
    return taken
result["fork"] = min(fork() for _ in range(3))
"""
PEERS = {
    "gc.collect()": "result = {'seconds': best(gc.collect)}",
    "objgraph typestats": "import objgraph\nresult = {'seconds': best(objgraph.typestats)}",
    "objgraph find_backref_chain, one object": "import objgraph\nresult = {'seconds': best(lambda: "
    "objgraph.find_backref_chain(nodes[-1].links, objgraph.is_proper_module))}",
    "map of gc.get_referents": """
def referents():
    holders = {}
    for obj in gc.get_objects():
        for to in gc.get_referents(obj):
            holders.setdefault(id(to), []).append(id(obj))
result = {"seconds": best(referents)}
""",
}
# What birth stacks cost: a loop that does nothing but allocate, and what programs do. Each below 20 frames.
WORK = {
    "allocating only": """
        def work():
            kept = []
            for i in range(400_000):
                kept.append(Node(10**6 + i))
                if i % 1000 == 0:
                    kept.clear()
        """,
    "json, there and back": """
        import json
        rows = [{"id": 10**6 + i, "name": "row %d" % i, "tags": ["a", "b", str(i)], "x": i / 7} for i in range(20_000)]
        def work():
            for _ in range(2):
                json.loads(json.dumps(rows))
        """,
    "compiling modules": """
        import ast, inspect
        sources = [open(__import__(name).__file__).read() for name in ("argparse", "decimal", "inspect", "pickle", "tarfile")
                   if hasattr(__import__(name), "__file__")]
        def work():
            for source in sources:
                compile(ast.parse(source), "module", "exec")
        """,
    "classes that call each other": """
        class Shape:
            def __init__(self, sides):
                self.sides = list(sides)
            def area(self):
                return sum(side * side for side in self.sides)
            def scaled(self, by):
                return Shape(side * by for side in self.sides)
        def work():
            for i in range(40_000):
                Shape((i, i + 1, i + 2)).scaled(1.5).area()
        """,
}
BELOW_20_FRAMES = """
def deep(levels):
    return deep(levels - 1) if levels else work()
START
result = {"seconds": best(lambda: deep(20)), "resident": resident()}
"""


def measure(code, package, count=0):
    program = f"PACKAGE = {package!r}\nCOUNT = {count}\n" + PRELUDE + textwrap.dedent(code) + "\nprint(json.dumps(result))"
    with tempfile.TemporaryDirectory(prefix="reftally-bench-") as folder:
        environment = dict(os.environ, REFTALLY_OUTPUT_DIR=folder, REFTALLY_AT_EXIT="0")
        done = subprocess.run([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}"
        return {"failed": reason}
    return json.loads(done.stdout.splitlines()[-1])


def seconds_text(row):
    return row["failed"] if "failed" in row else f"{row['seconds']:.2f} s"


def snapshots(package, count):
    row = measure(SNAPSHOT, package, count)
    print(f"\n{count:,} objects")
    if "failed" in row:
        return print(f"  reftally.dump(): {row['failed']}")
    print(f"  {'reftally.dump(), file whole':<42}{row['seconds']:>10.2f} s")
    print(f"  {'reftally.dump(wait=False), pause':<42}{1000 * row['pause']:>10.1f} ms"
          f"   at {row['resident'] >> 20} MiB resident")
    print(f"  {'os.fork(), for comparison':<42}{1000 * row['fork']:>10.1f} ms")
    print(f"  {'file':<42}{row['bytes'] / count:>10.1f} bytes an object")
    for name, code in PEERS.items():
        print(f"  {name:<42}{seconds_text(measure(HEAP + code, package, count)):>12}")


STARTS = {"reftally": "import reftally\nreftally.record_births({})",
          "reftally, native frames": "import reftally\nreftally.record_births({}, native_frames=True)",
          "tracemalloc": "import tracemalloc\ntracemalloc.start({})",
          "memray": "import memray, tempfile\nmemray.Tracker(tempfile.mktemp()).__enter__()"}


def births(package, work):
    """In turn, five rounds for what is near 1, so that what else the machine does falls on all alike."""
    code = textwrap.dedent(WORK[work]) + BELOW_20_FRAMES
    starts = {f"{name}, {depth} frames": start.format(depth) for depth in (1, 8, 25) for name, start in STARTS.items()
              if name != "memray" or memray_is_there()}
    rows = {}
    for turn in range(5):
        for name, start in {"without": "", **starts}.items():
            if turn == 0 or name.startswith(("without", "reftally")):
                rows.setdefault(name, []).append(measure(code.replace("START", start), package))
    least = {name: min(turns, key=lambda row: row.get("seconds", 0)) for name, turns in rows.items()}
    plain = least.pop("without")
    print(f"\nbirth stacks, {work}: {seconds_text(plain)} without, {plain['resident'] >> 20} MiB")
    for name, row in least.items():
        factor = row["failed"] if "failed" in row else f"{row['seconds'] / plain['seconds']:.2f} times, " \
            f"{row['resident'] >> 20} MiB"
        print(f"  {name:<42}{factor:>12}")


def memray_is_there():
    return subprocess.run([sys.executable, "-c", "import memray"], stderr=subprocess.DEVNULL).returncode == 0


def main():
    package = os.path.abspath(sys.argv[1])
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for count in [int(word) for word in sys.argv[2:]] or [1_000_000, 5_000_000]:
        snapshots(package, count)
    for work in WORK:
        births(package, work)
    if not memray_is_there():
        print("\nmemray: not installed here")


if __name__ == "__main__":
    main()
