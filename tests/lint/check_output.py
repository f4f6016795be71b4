"""What reftally lint writes beside its text: SARIF, JSON, GraphViz, patches; baselines; what a run confirms."""
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import unittest

import project
from project import LEAK

make = functools.partial(project.Project, sys.argv[1])


def run_time_report(edges, instances=3):
    cycle = [{"from": e[0].split("::")[0], "via": e[0].split("::")[1], "kind": "strong", "certainty": "exact",
              "to": "", "location": e[1], "member": e[0]} for e in edges]
    return json.dumps({"schema": "reftally-analysis/1", "process": {}, "totals": {}, "suppressed": [], "warnings": [],
                       "findings": [{"rule": "unreachable-cycle", "severity": "error", "fingerprint": "0" * 16,
                                     "instances": instances, "summary": "A and B keep each other alive",
                                     "cycle": cycle}]})


class Formats(unittest.TestCase):
    def test_sarif_names_every_rule_and_every_edge(self):
        run = json.loads(make({"leak.cc": LEAK}).lint("--format", "sarif").stdout)["runs"][0]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        self.assertIn("reftally-py-leak", rules)
        result = run["results"][0]
        self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
        self.assertEqual(result["ruleId"], "reftally-own-cycle")
        location = result["locations"][0]["physicalLocation"]
        self.assertEqual(location["artifactLocation"], {"uri": "leak.cc", "uriBaseId": "SRCROOT"})
        edges = result["codeFlows"][0]["threadFlows"][0]["locations"]
        self.assertGreaterEqual(len(edges), 2)
        self.assertRegex(result["partialFingerprints"]["reftally/v1"], "^[0-9a-f]{16}$")

    def test_sarif_keeps_suppressed_results_with_the_reason(self):
        run = json.loads(make({"leak.cc": LEAK.replace("b; };", "b; };  // NOLINT")}).lint("--format", "sarif").stdout)
        suppression = run["runs"][0]["results"][0]["suppressions"][0]
        self.assertEqual(suppression["kind"], "inSource")
        self.assertIn("leak.cc:3", suppression["justification"])

    def test_json_has_a_stable_schema(self):
        report = json.loads(make({"leak.cc": LEAK}).lint("--format", "json").stdout)
        self.assertEqual(report["schema"], "reftally-lint/1")
        self.assertEqual(report["findings"][0]["advice"], {"weaken": "B::a"})

    def test_graph_of_a_class_shows_its_cycle_in_red(self):
        run = make({"leak.cc": LEAK}).lint("--graph", "A")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(run.stdout.startswith("digraph ownership {"))
        self.assertRegex(run.stdout, r'"A" -> "B" \[label="b" color=red')
        self.assertRegex(run.stdout, r'"B" -> "A" \[label="a" color=red')
        drawn = subprocess.run(["dot", "-Tsvg"], input=run.stdout, capture_output=True, text=True, timeout=60)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)

    def test_graph_of_no_class_says_so(self):
        run = make({"leak.cc": LEAK}).lint("--graph", "Nobody")
        self.assertEqual(run.returncode, 2)
        self.assertIn("--graph Nobody: the project has no such class", run.stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        here = make({"leak.cc": LEAK})
        for options in ([], ["--list-rules"], ["--graph", "A"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                run = subprocess.run([here.reftally, "lint", "-p", ".", *options], cwd=here.path, stdout=full,
                                     stderr=subprocess.PIPE, text=True, timeout=300, check=False)
            self.assertEqual(run.returncode, 2, options)
            self.assertIn("standard output: cannot be written", run.stderr, options)

    def test_types_only_reads_no_bodies(self):
        run = make({"leak.cc": LEAK}).lint("--types-only", "--fail-on", "note")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("types allow A to own itself", run.stdout)
        self.assertIn(" 0 functions", run.stderr)


def put(file, folder):
    """A hard link where that is possible: the executables are big."""
    try:
        os.link(file, os.path.join(folder, os.path.basename(file)))
    except OSError:
        shutil.copy(file, folder)


class Installation(unittest.TestCase):
    def test_without_the_lint_says_how_to_get_it(self):
        here = make({"leak.cc": LEAK})
        put(here.reftally, here.path)
        here.reftally = "./reftally"
        run = here.lint()
        self.assertEqual(run.returncode, 2)
        self.assertRegex(run.stderr, r"reftally-lint: not there; the lint is built with -DREFTALLY_LINT=ON and LLVM 19")

    def test_works_where_it_is_put(self):
        here = make({"leak.cc": LEAK})
        os.mkdir(os.path.join(here.path, "bin"))
        for name in ("reftally", "reftally-lint"):
            put(os.path.join(os.path.dirname(here.reftally), name), os.path.join(here.path, "bin"))
        here.reftally = os.path.join(here.path, "bin", "reftally")
        self.assertEqual(here.lint().stdout.count("[reftally-own-cycle]"), 1)


class FixSuggestions(unittest.TestCase):
    def test_print_a_patch_that_patch_accepts_and_apply_nothing(self):
        here = make({"leak.cc": LEAK})
        run = here.lint("--fix-suggestions")
        self.assertIn("--- a/leak.cc\n+++ b/leak.cc\n", run.stdout)
        self.assertIn("-struct B { std::shared_ptr<A> a; };\n+struct B { std::weak_ptr<A> a; };\n", run.stdout)
        self.assertEqual(here.read("leak.cc"), LEAK)
        here.write("fix.diff", run.stdout)
        subprocess.run(["patch", "-p1", "-i", "fix.diff"], cwd=here.path, check=True, capture_output=True, timeout=60)
        self.assertEqual(here.lint().returncode, 0)

    def test_write_out_an_alias_and_weaken_a_capture(self):
        text = LEAK.replace("struct A {", "using Owner = std::shared_ptr<struct A>;\nstruct A {") \
                   .replace("std::shared_ptr<A> a;", "Owner a;")
        text += """#include <functional>
struct Session : std::enable_shared_from_this<Session> {
  void start() { handler_ = [self = shared_from_this()] {}; }
  std::function<void()> handler_;
};
"""
        run = make({"leak.cc": text}).lint("--fix-suggestions")
        self.assertIn("+std::weak_ptr<A> a;", run.stdout.replace("struct B { ", ""))
        self.assertIn("+  void start() { handler_ = [self = weak_from_this()] {}; }", run.stdout)


class ReportFile(unittest.TestCase):
    def test_has_the_format_that_its_name_ends_with_unless_told_otherwise(self):
        here = make({"leak.cc": LEAK})
        for name, begins in (("a.json", "{"), ("a.sarif", "{"), ("a.patch", "---"), ("a.txt", "leak.cc:")):
            here.lint("-o", name)
            self.assertTrue(here.read(name).startswith(begins), here.read(name)[:80])
        here.lint("-o", "a.json", "--format", "text")
        self.assertTrue(here.read("a.json").startswith("leak.cc:"))


class Baseline(unittest.TestCase):
    def test_hides_what_was_there_and_nothing_new(self):
        here = make({"leak.cc": LEAK})
        self.assertEqual(here.lint("--baseline", "known.json", "--update-baseline").returncode, 0)
        self.assertEqual(json.loads(here.read("known.json"))["schema"], "reftally-baseline/1")
        # Lines move; the fingerprint is made of names.
        here.write("leak.cc", "\n\n" + LEAK + LEAK.split("\n", 1)[1].replace("A", "C").replace("B", "D")
                   .replace("link", "link_more"))
        run = here.lint("--baseline", "known.json")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stdout.count("[reftally-own-cycle]"), 1)
        self.assertIn("C -> D -> C", run.stdout)
        self.assertIn("1 suppressed", run.stderr)

    def test_says_what_is_gone_and_keeps_what_other_commands_wrote(self):
        here = make({"leak.cc": LEAK})
        theirs = {"fingerprint": "12" * 8, "rule": "unreachable-cycle", "instances": 2, "summary": "seen at run time"}
        here.write("known.json", json.dumps({"schema": "reftally-baseline/1", "findings": [theirs]}))
        here.lint("--baseline", "known.json", "--update-baseline")
        rules = [entry["rule"] for entry in json.loads(here.read("known.json"))["findings"]]
        self.assertEqual(sorted(rules), ["own-cycle", "unreachable-cycle"])
        here.write("leak.cc", "int nothing;\n")
        self.assertIn("known.json: 1 finding is gone; --update-baseline drops", here.lint("--baseline", "known.json").stderr)

    def test_keeps_what_was_not_looked_for_and_what_may_be_in_a_file_that_cannot_be_read(self):
        here = make({"leak.cc": LEAK})
        here.lint("--baseline", "known.json", "--update-baseline")
        known = here.read("known.json")
        here.lint("--baseline", "known.json", "--update-baseline", "--rule", "py-leak")
        self.assertEqual(here.read("known.json"), known)
        here.write("leak.cc", "int nothing = of_this_name;\n")
        run = here.lint("--baseline", "known.json", "--update-baseline")
        self.assertEqual(run.returncode, 2)
        self.assertEqual(here.read("known.json"), known)
        self.assertIn("known.json: 1 finding is not found and kept: not every file could be read", run.stderr)

    def rules_and_files(self, here):
        return [(entry["rule"], entry["files"]) for entry in json.loads(here.read("known.json"))["findings"]]

    def update(self, here, *files):
        return here.lint("--baseline", "known.json", "--update-baseline", *files)

    def test_of_some_files_loses_what_they_no_longer_have_and_keeps_what_others_may_have(self):
        here = make({"leak.cc": LEAK, "other.cc": LEAK.replace("A", "C").replace("B", "D").replace("link", "more")})
        self.update(here)
        self.assertEqual(self.rules_and_files(here), [("own-cycle", ["leak.cc"]), ("own-cycle", ["other.cc"])])
        here.write("leak.cc", "int repaired;\n")
        here.write("other.cc", "int repaired_too;\n")
        self.assertIn("known.json: 1 finding is gone;", here.lint("--baseline", "known.json", "leak.cc").stderr)
        run = self.update(here, "leak.cc")
        self.assertIn("known.json: 1 finding is kept, for files that this run did not look at", run.stderr)
        self.assertEqual(self.rules_and_files(here), [("own-cycle", ["other.cc"])])
        self.update(here)
        self.assertEqual(self.rules_and_files(here), [])

    def test_of_some_files_keeps_a_cycle_that_other_files_close(self):
        header = LEAK.split("void link")[0] + "void set_b(A&, std::shared_ptr<B>);\nvoid set_a(B&, std::shared_ptr<A>);\n"
        here = make({"set_a.cc": '#include "ab.h"\nvoid set_a(B& b, std::shared_ptr<A> a) { b.a = a; }\n',
                     "set_b.cc": '#include "ab.h"\nvoid set_b(A& a, std::shared_ptr<B> b) { a.b = b; }\n',
                     "main.cc": '#include "ab.h"\nint main() {\n  auto a = std::make_shared<A>();\n'
                                '  auto b = std::make_shared<B>();\n  set_b(*a, b);\n  set_a(*b, a);\n}\n',
                     "ab.h": "#pragma once\n" + header})
        self.update(here)
        whole = [("own-cycle", ["ab.h", "main.cc", "set_a.cc", "set_b.cc"])]
        self.assertEqual(self.rules_and_files(here), whole)
        for files in (["main.cc"], ["set_a.cc", "set_b.cc"]):
            self.update(here, *files)
            self.assertEqual(self.rules_and_files(here), whole, files)

    def test_of_some_files_keeps_entries_that_name_none(self):
        here = make({"leak.cc": "int repaired;\n"})
        older = {"fingerprint": "12" * 8, "rule": "own-cycle", "instances": 1, "summary": "of an older version"}
        here.write("known.json", json.dumps({"schema": "reftally-baseline/1", "findings": [older]}))
        self.update(here, "leak.cc")
        self.assertEqual(json.loads(here.read("known.json"))["findings"], [older])

    def test_is_named_where_it_is_to_be_updated(self):
        run = make({"leak.cc": LEAK}).lint("--update-baseline")
        self.assertEqual(run.returncode, 2)
        self.assertIn("--update-baseline requires --baseline", run.stdout + run.stderr)

    def test_that_is_not_there_is_an_error(self):
        run = make({"leak.cc": LEAK}).lint("--baseline", "none.json")
        self.assertEqual(run.returncode, 2)
        self.assertIn("none.json: cannot be read; --update-baseline writes it", run.stderr)


class Confirm(unittest.TestCase):
    def test_marks_a_finding_that_a_run_showed(self):
        here = make({"leak.cc": LEAK})
        here.write("run.json", run_time_report([("A::b", "leak.cc:3"), ("B::a", "leak.cc:4")]))
        report = json.loads(here.lint("--confirm", "run.json", "--format", "json").stdout)
        self.assertEqual(len(report["findings"]), 1)
        self.assertEqual(report["findings"][0]["seen_at_run_time"], 3)

    def test_shows_declaration_and_closing_store_of_a_cycle_that_no_proof_found(self):
        hidden = LEAK.replace("void link() {", "std::shared_ptr<A> find_a();\nvoid link() {") \
                     .replace("a->b->a = a;", "a->b->a = find_a();")
        here = make({"leak.cc": hidden})
        self.assertEqual(here.lint().returncode, 0)
        here.write("run.json", run_time_report([("A::b", "leak.cc:3"), ("B::a", "leak.cc:4")]))
        run = here.lint("--confirm", "run.json")
        self.assertEqual(run.returncode, 1)
        self.assertIn("ownership cycle seen at run time: A and B keep each other alive", run.stdout)
        self.assertIn("leak.cc:4:31: note: B::a holds the next", run.stdout)
        self.assertRegex(run.stdout, r"leak.cc:8:\d+: note: stored here, in link\(\)")

    def test_of_something_else_is_an_error(self):
        here = make({"leak.cc": LEAK})
        here.write("run.json", '{"schema": "other"}')
        run = here.lint("--confirm", "run.json")
        self.assertEqual(run.returncode, 2)
        self.assertIn("run.json: expected schema reftally-analysis/1", run.stderr)


@unittest.skipUnless(os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")), "no Python.h")
class PythonAcrossFiles(unittest.TestCase):
    def test_a_helper_in_another_file_counts_as_what_it_does(self):
        user = """#include <Python.h>
PyObject *make(void); PyObject *lend(PyObject *); void take(PyObject *);
PyObject *leaks(PyObject *self, PyObject *list) { PyObject *a = make(); if (!a) return NULL; Py_RETURN_NONE; }
PyObject *gives(PyObject *self, PyObject *list) { PyObject *a = PyList_New(0); take(a); Py_RETURN_NONE; }
PyObject *lends(PyObject *self, PyObject *list) { PyObject *a = lend(list); Py_XINCREF(a); return a; }
"""
        helper = """#include <Python.h>
PyObject *make(void) { return PyList_New(0); }
PyObject *lend(PyObject *list) { return PyList_GetItem(list, 0); }
void take(PyObject *object) { Py_XDECREF(object); }
"""
        flags = ["-std=c11", "-I", sysconfig.get_paths()["include"]]
        run = make({"user.c": user, "helper.c": helper}, flags).lint()
        self.assertEqual(re.findall(r"(\S+): warning: .*\[reftally-(\S+)\]", run.stdout), [("user.c:3:65", "py-leak")])
        alone = make({"user.c": user}, flags).lint()
        self.assertEqual(alone.returncode, 0, alone.stdout)  # nothing is known of make()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1, warnings="ignore")
