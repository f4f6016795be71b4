"""The classic mistakes of C extensions, each found by name and number, and nothing else.

    mistakes_test.py REFTALLY PACKAGE_FOLDER

Compiles mistakes.c for the interpreter that runs this; without its headers or a compiler there is nothing to test.
"""

import gc
import json
import os
import shutil
import subprocess
import sys
import sysconfig

reftally_command, package = sys.argv[1], sys.argv[2]
CALLS = 7


def compile_extension():
    include = sysconfig.get_path("include")
    compiler = shutil.which("cc")
    if compiler is None or not os.path.exists(os.path.join(include, "Python.h")):
        print("skipped: no compiler, or no Python.h for this interpreter")
        sys.exit(0)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mistakes.c")
    target = os.path.abspath("mistakes" + sysconfig.get_config_var("EXT_SUFFIX"))
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-g", "-w", "-I", include, source, "-o", target], check=True)
    sys.path.insert(0, os.path.dirname(target))


class Item:
    pass


class Borrowed:
    pass


class Held:
    pass


def make_mistakes(mistakes, state):
    for number in range(CALLS):
        mistakes.leak_item(state["items"])
        mistakes.leak_temporary(number)
        try:
            mistakes.leak_on_error("not an int")
        except TypeError:
            pass
        mistakes.keep(Held())
        skipper = mistakes.Skipper()
        skipper.second = [skipper]
        left, right = mistakes.Unclear(), mistakes.Unclear()
        left.first, right.first = right, left
    state["borrower"].borrow(state["borrowed"])


def findings_since(before, after):
    output = subprocess.run([reftally_command, "analyze", after, "--since", before, "--format", "json", "--fail-on", "never"],
                            check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)["findings"]


def summary(finding):
    members = {member["type"]: member["count"] for member in finding["members"]}
    return finding["rule"], members, finding


def main():
    compile_extension()
    sys.path.insert(0, package)
    import mistakes
    import reftally

    state = {"items": [Item(), 1], "borrowed": Borrowed(), "borrower": mistakes.Borrower()}
    state["also"] = state["borrowed"]
    reftally.dump()
    mistakes.keep(Held())
    gc.collect()
    gc.disable()
    before = reftally.dump()
    make_mistakes(mistakes, state)
    after = reftally.dump()
    # Give back what was borrowed, or the interpreter would crash when it ends.
    found = [summary(finding) for finding in findings_since(before, after)]

    problems = []

    def expect(rule, type_name, check, what):
        for index, (found_rule, members, finding) in enumerate(found):
            if found_rule == rule and type_name in members:
                if not check(members, finding):
                    problems.append(f"{what}: {finding}")
                del found[index]
                return
        problems.append(f"{what}: not found")

    def lost(finding, least):
        return any(sentence.split(" ", 1)[0].isdigit() and least <= int(sentence.split(" ", 1)[0]) <= CALLS
                   for sentence in finding["evidence"])

    def nearly_all(finding):
        return CALLS - 2 <= finding["instances"] <= CALLS

    # A word of the last call may still lie on the C stack or in freed memory, and pass for a holder.
    expect("leaked-reference", "__main__.Item", lambda m, f: m["__main__.Item"] == 1 and lost(f, CALLS - 2), "item")
    expect("leaked-reference", "list", lambda m, f: lost(f, CALLS - 2), "temporary")
    expect("leaked-reference", "tuple", lambda m, f: lost(f, CALLS - 2), "error path")
    expect("over-release", "__main__.Borrowed", lambda m, f: f["account"]["remainder"] == -1, "borrowed")
    expect("hidden-traverse", "mistakes.Skipper", lambda m, f: nearly_all(f), "skipped member")
    expect("uncollectable-cycle", "mistakes.Unclear", lambda m, f: nearly_all(f), "no tp_clear")
    problems += [f"not expected: {rule} {members} {finding['evidence']}" for rule, members, finding in found]
    for problem in problems:
        print(problem)
    sys.stdout.flush()
    os._exit(1 if problems else 0)  # the borrowed reference would be released once too often


main()
