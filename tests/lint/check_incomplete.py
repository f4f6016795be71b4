"""What reftally lint says of files it could not, or not wholly, analyse: they are counted, named, the exit status is 2,
and the rest is analysed. Also the compile commands that only GCC understands, and that the answer is always the same.
"""
import functools
import json
import os
import subprocess
import sys
import unittest

import project
from project import LEAK

Project = functools.partial(project.Project, sys.argv[1])


class IncompleteAnalysis(unittest.TestCase):
    def assert_incomplete(self, run, *texts):
        self.assertEqual(run.returncode, 2, run.stderr)
        for text in texts:
            self.assertIn(text, run.stderr)

    def assert_leak_found(self, run):
        self.assertIn("[reftally-own-cycle]", run.stdout)

    def test_a_file_that_does_not_parse_is_named_and_the_rest_is_analysed(self):
        run = Project({"bad.cc": "#include \"missing.h\"\nunknown_type x;\n", "leak.cc": LEAK}).lint()
        self.assert_incomplete(run, "bad.cc: 2 errors, first: bad.cc:1: 'missing.h' file not found",
                               "2 files (0 from the cache, 1 with problems)")
        self.assert_leak_found(run)

    def test_a_missing_header_does_not_hide_the_cycle_below_it(self):
        run = Project({"leak.cc": "#include \"missing.h\"\n" + LEAK}).lint()
        self.assert_incomplete(run, "leak.cc: 1 error")
        self.assert_leak_found(run)

    def test_a_crash_of_clang_costs_one_file(self):
        run = Project({"crash.cc": "#pragma clang __debug crash\n", "leak.cc": LEAK}).lint("-j1")
        self.assert_incomplete(run, "crash.cc: not analysed: killed by signal", "1 with problems")
        self.assert_leak_found(run)

    def test_a_file_that_takes_too_long_is_given_up(self):
        project = Project({"slow.cc": "#include \"endless.h\"\n", "leak.cc": LEAK})
        os.mkfifo(os.path.join(project.path, "endless.h"))  # nobody ever writes to it
        run = project.lint("--timeout", "2", "-j2")
        self.assert_incomplete(run, "slow.cc: not analysed: took longer than 2 s")

    def test_a_worker_has_no_more_memory_than_it_is_given(self):
        bomb = "template <int N> struct X { X<N - 1> a; char t[N]; };\n" + \
               "template <> struct X<0> {};\nconstexpr int f() { return 1; }\nX<900> x;\n" + \
               "int big[] = {" + "f()," * 200000 + "};\n"
        run = Project({"bomb.cc": bomb, "leak.cc": LEAK}).lint("--memory", "600", "-j1")
        self.assertIn(run.returncode, (1, 2))  # by how much clang needs
        self.assert_leak_found(run)

    def test_without_a_compilation_database_nothing_is_pretended(self):
        project = Project({"leak.cc": LEAK})
        os.remove(os.path.join(project.path, "compile_commands.json"))
        self.assert_incomplete(project.lint(), "./compile_commands.json: no such file; cmake "
                               "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON, meson and bear write one")

    def test_a_malformed_compilation_database_is_said_to_be_so(self):
        project = Project({})
        project.write("compile_commands.json", '[{"file": ')
        self.assert_incomplete(project.lint(), "./compile_commands.json: expected a compilation database:")

    def test_an_empty_compilation_database_is_no_success(self):
        self.assert_incomplete(Project({}).lint(), "no file to analyse")

    def test_a_source_file_that_is_gone_is_named(self):
        project = Project({"gone.cc": "", "leak.cc": LEAK})
        os.remove(os.path.join(project.path, "gone.cc"))
        run = project.lint()
        self.assert_incomplete(run, "gone.cc: 3 errors, first: no such file or directory: 'gone.cc'", "1 with problems")
        self.assert_leak_found(run)

    def test_a_wrong_include_path_in_every_file_is_not_zero_findings(self):
        run = Project({f"u{i}.cc": "#include <nowhere/nothing.h>\n" for i in range(3)}).lint()
        self.assert_incomplete(run, "3 with problems", "0 warnings")

    def test_sarif_says_that_the_run_was_not_whole(self):
        run = Project({"bad.cc": "unknown_type x;\n"}).lint("--format", "sarif")
        invocation = json.loads(run.stdout)["runs"][0]["invocations"][0]
        self.assertEqual(run.returncode, 2)
        self.assertFalse(invocation["executionSuccessful"])
        self.assertIn("bad.cc", invocation["toolExecutionNotifications"][0]["message"]["text"])


class CompileCommands(unittest.TestCase):
    def test_options_that_only_gcc_knows_are_dropped(self):
        flags = ["-std=gnu++20", "-fconcepts-diagnostics-depth=4", "-fno-gnu-unique", "-fanalyzer", "-fmodules-ts",
                 "-Wno-maybe-uninitialized", "-fno-semantic-interposition", "-flto=auto", "-ffat-lto-objects",
                 "-fvar-tracking-assignments", "-Wlogical-op", "-Wp,-D_GLIBCXX_ASSERTIONS", "-specs=x.specs",
                 "-fno-tree-vrp", "-mno-direct-extern-access", "-fcf-protection", "-MD", "-MF", "leak.d", "-Werror"]
        run = Project({"leak.cc": LEAK}, flags).lint()
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("0 with problems", run.stderr)

    def test_response_files_are_read_also_nested_ones(self):
        guarded = "#ifndef NEEDED\n#error flags were not read\n#endif\n#include \"here.h\"\n" + LEAK
        project = Project({"leak.cc": guarded}, ["@outer.rsp"])
        os.mkdir(os.path.join(project.path, "in clude"))
        project.write("in clude/here.h", "")
        project.write("outer.rsp", "-std=c++20 @inner.rsp\n")
        project.write("inner.rsp", "-DNEEDED '-Iin clude'\n")
        run = project.lint()
        self.assertEqual(run.returncode, 1, run.stderr)

    def test_a_response_file_that_names_itself_ends(self):
        project = Project({"leak.cc": LEAK}, ["@self.rsp"])
        project.write("self.rsp", "-std=c++20 @self.rsp\n")
        self.assertEqual(project.lint().returncode, 2)

    def test_compiler_wrappers_are_seen_through(self):
        project = Project({"leak.cc": LEAK})
        project.write("compile_commands.json", json.dumps(
            [{"directory": project.path, "file": "leak.cc", "command": "ccache /usr/bin/g++ -std=c++20 -c leak.cc"}]))
        self.assertEqual(project.lint().returncode, 1)

    def test_the_build_folder_may_be_named_from_elsewhere(self):
        project = Project({"leak.cc": LEAK})
        build = os.path.join(project.path, "build")
        os.mkdir(build)
        project.write("build/compile_commands.json", json.dumps(
            [{"directory": build, "file": "../leak.cc", "command": "g++ -std=c++20 -c ../leak.cc"}]))
        run = project.lint(build="build")
        self.assertEqual(run.returncode, 1, run.stderr)


class SharedHeaders(unittest.TestCase):
    """From seven files with the same flags on, those after the first two do not parse the standard headers again."""

    HEADERS = "".join(f"#include <{name}>\n" for name in ("any", "cassert", "map", "memory", "string", "vector"))

    def project(self, files):
        return Project({**{f"a{i}.cc": self.HEADERS for i in range(8)}, **files})

    def test_find_the_same(self):
        run = self.project({"leak.cc": self.HEADERS + LEAK}).lint()
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertEqual(run.stdout.count("[reftally-own-cycle]"), 1)

    def test_are_in_nobodys_way(self):
        clash = "#include <memory>\nusing namespace std;\nstruct any {};\nany one;\n" + LEAK
        run = self.project({"clash.cc": clash}).lint()
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("0 with problems", run.stderr)

    def test_are_only_the_librarys(self):
        own = "#ifndef OWN\n#define OWN\n#include <memory>\n" + LEAK.replace("void link", "inline void link") + \
              "#define assert(x)\n#endif\n"
        project = self.project({"user.cc": "#include \"assert.h\"\n" + self.HEADERS, "assert.h": own})
        run = project.lint()
        self.assertIn("assert.h:7:31: warning: ownership cycle", run.stdout)

    def test_belong_to_what_the_cache_watches(self):
        project = self.project({"leak.cc": self.HEADERS + LEAK})
        project.lint()
        self.assertIn("9 from the cache", project.lint().stderr)
        facts = [name for name in os.listdir(os.path.join(project.path, ".reftally-lint")) if name.endswith(".facts")]
        self.assertEqual(len(facts), 9)
        for name in facts:
            self.assertRegex(project.read(os.path.join(".reftally-lint", name)), r"/c\+\+/\d+/memory\n")

    def test_a_crash_with_them_costs_no_other_file(self):
        run = self.project({"crash.cc": self.HEADERS + "#pragma clang __debug crash\n", "leak.cc": LEAK}).lint("-j2")
        self.assertEqual(run.returncode, 2)
        self.assertIn("crash.cc: not analysed: killed by signal", run.stderr)
        self.assertIn("10 files (0 from the cache, 1 with problems)", run.stderr)
        self.assertIn("[reftally-own-cycle]", run.stdout)


class SmartPointersOfTheProject(unittest.TestCase):
    # By its shape this is no smart pointer: its destructor does nothing.
    OWN = LEAK.replace("#include <memory>", """#include <memory>
template <class T> struct Handle : std::shared_ptr<T> { Handle(std::shared_ptr<T> p) : std::shared_ptr<T>(p) {} Handle() {} };
""").replace("struct B { std::shared_ptr<A> a; }", "struct B { Handle<A> a; }")

    def test_are_named_on_the_command_line_or_in_a_file(self):
        project = Project({"leak.cc": self.OWN})
        self.assertEqual(project.lint("--weak", "Handle").returncode, 0)
        self.assertEqual(project.lint("--strong", "Handle").returncode, 1)
        project.write("lint.toml", 'strong = ["other::Ref", "Handle"]\n')
        self.assertEqual(project.lint("--config", "lint.toml").returncode, 1)

    def test_are_annotated(self):
        text = self.OWN.replace("template <class T> struct Handle",
                                'template <class T> struct [[clang::annotate("reftally::strong")]] Handle')
        self.assertEqual(Project({"leak.cc": text}).lint().returncode, 1)


class FilesByName(unittest.TestCase):
    """Some of a project's files, named from a folder that is not the build folder."""

    def setUp(self):
        self.project = Project({"one file.cc": LEAK, "other.cc": "int other;\n", "leak.h": LEAK})
        os.mkdir(os.path.join(self.project.path, "deep folder"))

    def lint(self, *options, at="deep folder"):
        return subprocess.run([self.project.reftally, "lint", "-p", os.path.relpath(".", at), *options],
                              cwd=os.path.join(self.project.path, at), capture_output=True, text=True, timeout=300)

    def test_are_found_by_any_path_that_leads_to_them(self):
        os.symlink(self.project.path, os.path.join(self.project.path, "deep folder", "link"))
        for path in ("../one file.cc", "../deep folder/../one file.cc", "one file.cc", "link/one file.cc"):
            run = self.lint(path)
            self.assertEqual(run.returncode, 1, path + run.stderr)
            self.assertIn("reftally-lint: 1 file (", run.stderr)

    def test_without_a_command_are_named_though_others_have_one(self):
        run = self.lint("../other.cc", "../not listed.cc", "../leak.h")
        self.assertEqual(run.returncode, 2)
        self.assertIn("../not listed.cc: not analysed: .. has no command for it\n", run.stderr)
        self.assertIn("../leak.h: not analysed: .. has no command for it; a header is read with the source files that "
                      "include it\n", run.stderr)
        self.assertIn("1 file (0 from the cache, 2 with problems)", run.stderr)
        self.assertIn("leak.h: not analysed: ", self.lint("leak.h").stderr)

    def test_that_are_a_folder_are_told_apart_from_files_that_are_not_there(self):
        for name, said in (("deep folder", "is a folder; with -p its compile_commands.json is read"), ("x", "no such file")):
            run = subprocess.run([self.project.reftally, "lint", name], cwd=self.project.path, capture_output=True,
                                 text=True, timeout=60)
            self.assertEqual((run.returncode, run.stderr), (2, f"reftally-lint: {name}: {said}\n"))


class TheAnswer(unittest.TestCase):
    def test_is_the_same_with_any_number_of_workers_and_from_the_cache(self):
        def numbered(i):
            text = LEAK.replace("link()", f"link{i}()")
            for name in "AB":
                text = text.replace(f"struct {name}", f"struct {name}{i}").replace(f"<{name}>", f"<{name}{i}>")
            return text

        files = {f"u{i}.cc": numbered(i) for i in range(4)}
        project = Project(files)
        alone = project.lint("--no-cache", "-j1")
        first = project.lint("-j3")
        again = project.lint("-j2")
        self.assertEqual(alone.stdout.count("reftally-own-cycle"), 4)
        self.assertEqual(alone.stdout, first.stdout)
        self.assertEqual(alone.stdout, again.stdout)
        self.assertIn("4 from the cache", again.stderr)

    def test_follows_a_changed_header_through_the_cache(self):
        project = Project({"leak.cc": "#include \"a.h\"\n", "a.h": LEAK})
        self.assertEqual(project.lint().returncode, 1)
        project.write("a.h", LEAK.replace("struct B { std::shared_ptr<A> a; }", "struct B { std::weak_ptr<A> a; }"))
        self.assertEqual(project.lint().returncode, 0)

    def test_is_silenced_by_nolint_on_any_edge(self):
        for line, comment in (("std::shared_ptr<B> b; };", "NOLINT"),
                              ("std::shared_ptr<A> a; };", "NOLINT(reftally-own-cycle)"),
                              ("a->b->a = a;", "NOLINT(reftally-*)")):
            run = Project({"leak.cc": LEAK.replace(line, f"{line}  // {comment}")}).lint()
            self.assertEqual(run.returncode, 0, comment)
            self.assertIn("1 suppressed", run.stderr)
        run = Project({"leak.cc": LEAK.replace("a->b->a = a;", "a->b->a = a;  // NOLINT(bugprone-*)")}).lint()
        self.assertEqual(run.returncode, 1)

    def test_to_a_mistyped_option_names_what_is_possible(self):
        project = Project({"leak.cc": LEAK})
        for option, text in ((["--rule", "no-such"], "--rule no-such: no such rule; --list-rules names them"),
                             (["--format", "xml"], "--format xml: expected one of text, json, sarif"),
                             (["--fail-on", "x"], "--fail-on x: expected note, warning, error or never")):
            run = project.lint(*option)
            self.assertEqual(run.returncode, 2)
            self.assertIn(text, run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1, warnings="ignore")
