#!/usr/bin/env python3
"""`reftally run` of a program with children: whose findings are told, in which order, and how often."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

import command

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "samples/parent_and_child/leaky.cc"

# What is global takes its time to go.
SLOW_END = """
#include <unistd.h>
struct Slow {
  ~Slow() {
    for (int i = 0; i < 13; i++) usleep(100000);
  }
} slow;
int main() {}
"""
# A server without a handler.
WAITING = """
#include <cstdio>
#include <memory>
#include <unistd.h>
struct Node { std::shared_ptr<Node> itself; };
int main() {
  for (int i = 0; i < 3; i++) {
    auto node = std::make_shared<Node>();
    node->itself = node;
  }
  std::printf("%d\\n", getpid());
  std::fflush(stdout);
  for (;;) pause();
}
"""

# `wait` keeps the shell alive until its children are gone, so that its own dump is the last.
THREE_LEAKY_CHILDREN = "for i in 1 2 3; do {program} > /dev/null & done; wait"


class Run(command.CommandTest):
    @unittest.skipUnless(os.geteuid() == 0, "only root has rights to give up")
    def test_a_server_that_gives_up_roots_rights_leaves_its_dump_all_the_same(self):
        folder = self.folder / "of_root"
        folder.mkdir(mode=0o700)
        server = "import os; os.setgid(65534); os.setuid(65534); print(os.getuid())"
        for words in ([sys.executable, "-c", server], ["setpriv", "--reuid", "65534", "sleep", "0.01"]):
            done = self.reftally("run", "-o", folder, "--verbose", "--", *words)
            self.assertNotIn("no dump", done.stderr)
            self.assertIn(f"moved 1 dump to {folder}", done.stderr)
            [dropped] = [line.split()[-1] for line in done.stderr.splitlines() if "wrote /tmp/reftally-" in line and
                         str(folder) not in line]
            self.assertFalse(pathlib.Path(dropped).parent.exists())
            self.assertEqual((folder / pathlib.Path(dropped).name).stat().st_uid, 65534)

    def test_a_program_that_limits_its_own_memory_has_a_dump_or_leaves_nothing(self):
        for limit in ("RLIMIT_AS", "RLIMIT_DATA"):
            for highest in ("resource.RLIM_INFINITY", "30 << 20"):  # to CAP_SYS_RESOURCE even the latter is no bar
                program = f"import resource; resource.setrlimit(resource.{limit}, (30 << 20, {highest})); print('done')"
                folder = self.folder / "limited"
                folder.mkdir()
                done = self.reftally("run", "--no-analyze", "-o", folder, "--", sys.executable, "-c", program)
                self.assertEqual(done.stdout, "done\n")
                files = [path.name for path in folder.iterdir()]
                self.assertFalse([name for name in files if name.endswith(".tmp")])
                if highest != "30 << 20":
                    self.assertEqual(len(files), 1, done.stderr)
                elif not files:
                    self.assertIn("no dump: no address space is left for it", done.stderr)
                shutil.rmtree(folder)

    def test_all_that_a_dump_lacks_is_told(self):
        done = self.reftally("run", "-o", self.folder / "lacks", "--", command.PROGRAMS / "two_troubles")
        told = " ".join((done.stdout + done.stderr).split())
        self.assertIn("shared mappings of files larger than 64 MB were not searched", told)
        self.assertIn("a visitor of reftally.h crashed", told)

    def test_a_shell_that_limits_its_memory_goes_on_and_starts_programs(self):
        script = "ulimit -v 200000; text=$(printf '%01000000d' 7); echo ${#text}; wc -c < /proc/self/limits > /dev/null; ulimit -v"
        done = self.reftally("run", "--no-analyze", "-o", self.folder / "shell", "--", "bash", "-c", script)
        self.assertEqual(done.stdout, "1000000\n200000\n")
        self.assertEqual(done.returncode, 0)

    def test_what_is_wrong_with_the_question_is_said_before_the_program_runs(self):
        self.write("bad.json", "{")
        for option, message in (("--suppressions", "none: No such file"), ("--counts", "none: No such file"),
                                ("--type-map", "none: No such file"), ("--since", "none: No such file"),
                                ("--baseline", "none: there is no such baseline; `reftally check DUMP --baseline none "
                                               "--update-baseline` makes one")):
            self.fails(message, "run", option, "none", "--", "touch", "was_run")
        self.fails("bad.json", "run", "--baseline", "bad.json", "--", "touch", "was_run")
        self.assertFalse((self.folder / "was_run").exists())

    def test_an_analysis_that_fails_leaves_the_exit_status_unless_a_gate_hangs_on_it(self):
        program = ("sh", "-c", "exit 5")
        for gate, status in (((), 5), (("--fail-on", "error"), 2)):
            done = self.reftally("run", "--remove-dumps", "--report", "no/such/folder/x", *gate, "--", *program, status=status)
            self.assertIn("reftally: no/such/folder/x: cannot be created", done.stderr)

    def test_a_mistyped_command_or_option_is_one_line(self):
        self.fails("reftally: analyse is no command (`reftally --help` tells which there are)", "analyse", "x.tally")
        self.fails("--formt (`reftally analyze --help` tells what can be given)", "analyze", "x.tally", "--formt")
        self.fails("reftally: DUMP is required (`reftally info --help` tells what can be given)", "info")

    def test_what_children_of_one_program_have_in_common_is_told_once(self):
        script = THREE_LEAKY_CHILDREN.format(program=command.PROGRAMS / "parent_and_child_leaky")
        run = self.reftally("run", "--", "sh", "-c", script)
        self.assertEqual(run.stderr.count("2 Page and 1 Document objects keep each other alive"), 1, run.stderr)
        self.assertIn("reftally: 3 process dumps analyzed, 1 of shells left aside; those without findings are not shown, "
                      "nor 2 findings told of another process of the same program\n", run.stderr)

    def test_a_finding_told_once_still_decides_the_exit_status(self):
        script = THREE_LEAKY_CHILDREN.format(program=command.PROGRAMS / "parent_and_child_leaky")
        self.reftally("run", "--fail-on", "error", "--", "sh", "-c", script, status=23)

    def test_runs_that_share_a_folder_judge_their_own_dumps(self):
        folder = self.folder / "shared"
        shared = (command.REFTALLY, "run", "-o", folder, "--fail-on", "error", "--remove-dumps", "--", "sh", "-c")
        # Each waits until all have begun, and is looked at when the others have left theirs.
        wait = f"touch {self.folder}/begun.$$; while [ $(ls {self.folder} | grep -c begun) -lt 4 ]; do sleep 0.05; done"
        programs = ["parent_and_child_leaky", "parent_and_child_fixed"] * 2
        runs = [subprocess.Popen([*shared, f"{wait}; exec {command.PROGRAMS / program}"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True) for program in programs]
        for program, run in zip(programs, runs):
            told = run.communicate(timeout=120)[1]
            self.assertEqual(run.returncode, 23 if program.endswith("leaky") else 0, told)
            self.assertNotIn("no dump was written", told)
        self.assertEqual(list(folder.iterdir()), [])

    def test_a_dump_that_takes_the_place_of_an_older_one_is_looked_at(self):
        # In a container a program has the same process number each time.
        folder = self.folder / "container"
        folder.mkdir()
        last = subprocess.Popen(["true"])
        last.wait()
        for process in range(last.pid, last.pid + 2000):
            (folder / f"parent_and_child_leaky.{process}.1.tally").write_text("older")
        run = self.reftally("run", "-o", folder, "--fail-on", "error", "--", command.PROGRAMS / "parent_and_child_leaky",
                            status=23)
        self.assertIn("keep each other alive", run.stderr)

    def test_a_gate_that_has_seen_nothing_is_not_open(self):
        unseen = ("env", "-u", "LD_PRELOAD", "sh", "-c")
        for gate, program, status in (((), "exit 0", 0), (("--fail-on", "error"), "exit 0", 2),
                                      (("--fail-on", "error"), "exit 7", 7)):
            run = self.reftally("run", *gate, "--", *unseen, program, status=status)
            self.assertIn("reftally: no dump was written: ", run.stderr)

    def test_the_program_itself_comes_before_its_children(self):
        leaky = command.PROGRAMS / "parent_and_child_leaky"
        run = self.reftally("run", "--", "sh", "-c", f"echo $$; {leaky} & wait; exec {leaky}")
        self.assertIn(f"parent_and_child_leaky (pid {run.stdout.splitlines()[0]}),", run.stderr.splitlines()[0])

    def test_a_shell_that_starts_the_program_is_not_told_of(self):
        shell = pathlib.Path(self.folder / "bash")
        shell.write_bytes((command.PROGRAMS / "parent_and_child_leaky").read_bytes())  # a shell that leaks
        shell.chmod(0o755)
        run = self.reftally("run", "--fail-on", "error", "--", "sh", "-c", f"{shell}; {command.PROGRAMS}/parent_and_child_fixed")
        self.assertIn("1 process dump analyzed, 2 of shells left aside; those without findings are not shown\n", run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_modules_that_no_object_comes_from_are_not_asked_for_debug_information(self):
        run = self.reftally("run", "--", command.PROGRAMS / "parent_and_child_leaky")
        self.assertNotIn("no debug information", run.stderr)

    def test_nor_is_the_library_that_starts_a_thread(self):
        text = ("#include <memory>\n#include <thread>\nstruct Node { std::shared_ptr<Node> next; };\n"
                "int main() {\n  std::thread([] {\n    auto node = std::make_shared<Node>();\n    node->next = node;\n"
                "  }).join();\n}\n")
        self.write("threaded.cc", text)
        program = self.folder / "threaded"
        subprocess.run(["g++", "-g", self.folder / "threaded.cc", "-o", program, "-pthread"], check=True, timeout=120)
        run = self.reftally("run", "--", program)
        self.assertIn("Node::next", run.stderr)
        self.assertNotIn("no debug information", run.stderr)

    def test_of_a_lost_release_it_says_how_to_learn_who_took_the_reference(self):
        sample = SAMPLE.parent.parent / "lost_release" / "leaky.cc"
        flags = subprocess.run([command.REFTALLY, "cxxflags"], capture_output=True, text=True, check=True).stdout.split()
        advice = "built with $(reftally cxxflags)"
        for name, built_with in (("lost", []), ("lost_told", flags)):
            program = self.folder / name
            subprocess.run(["g++", "-g", *built_with, sample, "-o", program], check=True, timeout=120)
            run = self.reftally("run", "--", program)
            self.assertIn("leaked-reference", run.stderr)
            self.assertEqual(advice in " ".join(run.stderr.split()), name == "lost", run.stderr)

    def build(self, name, *flags):
        """One of the samples, built with other flags."""
        program = self.folder / name
        subprocess.run(["g++", "-g", *flags, SAMPLE, "-o", program], check=True, timeout=120)
        return program

    def test_a_program_with_address_sanitizer_runs_and_is_recorded(self):
        program = self.build("sanitized", "-fsanitize=address")
        run = self.reftally("run", "--", program, env={"ASAN_OPTIONS": "detect_leaks=0"})
        self.assertIn("2 Page and 1 Document objects keep each other alive", run.stderr)

    def test_a_library_found_by_a_relative_path_has_its_types(self):
        (self.folder / "lib").mkdir()
        subprocess.run(["g++", "-g", "-fPIC", "-shared", "-Dmain=make_pages", "-Wno-return-type", SAMPLE, "-o",
                        self.folder / "lib/libpages.so"],
                       check=True, timeout=120)
        source = self.folder / self.write("uses_pages.cc", "int make_pages(); int main() { make_pages(); }\n")
        program = self.folder / "uses_pages"
        subprocess.run(["g++", source, "-o", program, f"-L{self.folder}/lib", "-lpages"], check=True, timeout=120)
        run = self.reftally("run", "--", program, env={"LD_LIBRARY_PATH": "lib"})
        self.assertIn("Page::document_", run.stderr)
        self.assertIn("leaky.cc:", run.stderr)

    def test_what_is_born_in_a_lambda_or_a_class_without_a_name_has_its_line(self):
        source = pathlib.Path(__file__).resolve().parent / "programs/lambda_births.cc"
        program = self.folder / "lambda_births"
        subprocess.run(["g++", "-std=c++20", "-O0", "-g", source, "-o", program], check=True, timeout=120)
        run = self.reftally("run", "--", program)
        self.assertIn("main::{lambda}  lambda_births.cc:10\n", run.stderr)
        self.assertIn("main::{unnamed}::make  lambda_births.cc:15\n", run.stderr)

    def test_only_the_programs_named_are_recorded(self):
        for number, (names, wanted) in enumerate(((["true"], {"true"}), (["tr*", "sleep"], {"true", "sleep"}),
                                                  (["tru"], set()), (["*"], {"true", "sleep", "bash"}))):
            folder = self.folder / f"only{number}"
            options = [word for name in names for word in ("--only", name)]
            run = self.reftally("run", "--no-analyze", "-o", folder, *options, "--", "bash", "-c",
                                "/bin/true; sleep 0; echo done")
            self.assertEqual(run.stdout, "done\n")
            self.assertEqual({dump.name.split(".")[0] for dump in folder.glob("*.tally")}, wanted)
            self.assertEqual("--only" in run.stderr, not wanted, run.stderr)

    def run_on_dense_allocator(self, name, *definitions):
        sources = pathlib.Path(__file__).resolve().parent / "programs"
        subprocess.run(["gcc", "-O1", "-fPIC", "-shared", "-fno-builtin", *definitions, sources / "dense_allocator.c",
                        "-o", self.folder / f"lib{name}.so"], check=True, timeout=120)
        program = self.folder / name
        subprocess.run(["gcc", "-g", "-fno-builtin", *definitions, sources / "small_blocks.c", "-o", program,
                        f"-L{self.folder}", f"-l{name}", f"-Wl,--no-as-needed,-rpath,{self.folder}"], check=True,
                       timeout=120)
        run = self.reftally("run", "--fail-on", "note", "--", program)
        self.assertEqual(run.stdout, "999\n")
        self.assertIn("no findings", run.stderr)
        self.assertGreater(int(run.stderr.split(" blocks")[0].split()[-1].replace(",", "")), 1000, run.stderr)

    def test_blocks_of_an_allocator_that_lays_them_side_by_side_are_all_known(self):
        self.run_on_dense_allocator("dense")

    def test_memory_mapped_beside_that_of_another_allocator_is_the_programs(self):
        self.run_on_dense_allocator("beside", "-DARENA=0x200000000000", "-DBESIDE=0x200000100000")

    def test_a_snapshot_among_destructors_tells_nothing_of_what_they_have_released(self):
        folder = self.folder / "half_destroyed"
        command.record("half_destroyed", folder)
        wanted = 4  # of elements of a vector, of a map; main has returned; of static variables, on its own when it ends
        for _ in range(200):
            dumps = list(folder.glob("*.tally"))
            if len(dumps) == wanted:
                break
            time.sleep(0.05)
        self.assertEqual(len(dumps), wanted)
        for dump in dumps:
            self.reftally("analyze", "--fail-on", "note", dump)

    def test_it_says_why_there_is_no_dump(self):
        program = self.build("static", "-static")
        run = self.reftally("run", "--", program)
        self.assertIn(f"reftally: no dump was written: {program} is statically linked: nothing can be loaded into it; "
                      "`reftally attach PID` looks into it while it runs\n", run.stderr)
        run = self.reftally("run", "--", "sh", "-c", "kill -9 $$", status=-9)
        self.assertIn("reftally: no dump was written: sh was killed by signal 9 (Killed); `--signal N` and `kill -N PID` "
                      "take a snapshot while it runs\n", run.stderr)

    def test_a_signal_that_ends_the_program_takes_a_snapshot_first_when_asked(self):
        self.write("waiting.cc", WAITING)
        program = self.folder / "waiting"
        subprocess.run(["g++", "-g", self.folder / "waiting.cc", "-o", program], check=True, timeout=120)
        for number in (signal.SIGTERM, signal.SIGINT):
            alone = self.ended_by(number, program)
            self.assertIn(f"waiting was ended by signal {number:d} (", alone)
            self.assertIn(f"); with `--signal {number:d}` a snapshot is taken first\n", alone)
            asked = self.ended_by(number, program, "--signal", str(int(number)))
            self.assertIn("unreachable-cycle", asked)

    def ended_by(self, number, program, *options):
        """What is said of a program that a signal ends; it must have been that signal."""
        run = subprocess.Popen([command.REFTALLY, "run", *options, "--", program], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, cwd=self.folder)
        os.kill(int(run.stdout.readline()), number)
        error = run.communicate(timeout=60)[1]
        self.assertEqual(run.returncode, -number)
        return error

    def test_a_worker_that_is_terminated_leaves_its_dump_when_asked(self):
        worker = ("import gc, multiprocessing, time\nclass Node: pass\ndef work(pipe):\n  gc.disable()\n"
                  "  for i in range(9):\n    node = Node(); node.itself = node\n  del node\n  pipe.send(0); time.sleep(60)\n"
                  "here, there = multiprocessing.Pipe()\nprocess = multiprocessing.Process(target=work, args=(there,))\n"
                  "process.start(); here.recv(); process.terminate(); process.join(); print(process.exitcode)\n")
        run = self.reftally("run", "--signal", "15", "--", sys.executable, "-c", worker)
        self.assertEqual(run.stdout, "-15\n")
        self.assertIn("1. warning: unreachable-cycle  [", run.stderr)
        self.assertIn("9 __main__.Node objects each keep themselves alive", run.stderr)
        self.assertIn("\n1 finding\n", run.stderr)  # not what the import of multiprocessing leaves

    def test_snapshots_at_intervals_tell_what_grows_though_it_is_gone_at_the_end(self):
        program = [command.PROGRAMS / "grows_until_dumped", "5", self.folder / "growing"]
        run = self.reftally("run", "--every", "0.4", "-o", "growing", "--fail-on", "warning", "--", *program, status=23)
        at_end, growing = run.stderr.split("grows_until_dumped (pid", 2)[1:]
        self.assertIn("no findings", at_end)
        self.assertRegex(growing, r"1\. warning: growing-path .*\n   registry -> Registry::sessions\[\] holds more Session")
        self.assertEqual(len(list((self.folder / "growing").glob("*.tally"))), 6)
        told = self.reftally("run", "--every", "0.4", "-o", "told", "-f", "json", "--report", "told.json", "--remove-dumps",
                             "--", *program[:2], self.folder / "told").stderr
        self.assertEqual(told, "")
        self.assertFalse(list((self.folder / "told").glob("*.tally")))
        [finding] = json.loads((self.folder / "told-2.json").read_text(encoding="utf-8"))["findings"]
        self.assertEqual(finding["rule"], "growing-path")

    @unittest.skipIf(sys.version_info >= (3, 12), "who has the GIL is told to its own thread alone")
    def test_snapshots_of_python_need_no_main_thread_that_runs(self):
        waits = ("import threading, time\nclass Session: pass\nkept = []\ndef work():\n  for i in range(60):\n"
                 "    kept.append(Session()); time.sleep(0.05)\nthread = threading.Thread(target=work)\nthread.start()\n"
                 "thread.join(); kept.clear(); print('done')\n")
        run = self.reftally("run", "--every", "0.5", "--", sys.executable, "-c", waits)
        self.assertEqual(run.stdout, "done\n")
        self.assertRegex(run.stderr.replace("\n   ", " "), r"__main__\.kept -> list\[\] holds more __main__\.Session")

    def test_of_many_snapshots_at_intervals_a_few_stay_evenly_spaced(self):
        folder = self.folder / "many"
        self.reftally("run", "--every", "0.1", "-o", folder, "--no-analyze", "--", command.PROGRAMS / "grows_until_dumped",
                      "11", folder)
        numbers = sorted(int(path.suffixes[-2][1:]) for path in folder.glob("*.tally"))
        self.assertEqual(numbers[:7], [1, 3, 5, 7, 9, 10, 11])

    def test_no_snapshot_at_an_interval_comes_after_the_one_at_the_exit(self):
        self.write("slow_end.cc", SLOW_END)
        program = self.folder / "slow_end"
        subprocess.run(["g++", self.folder / "slow_end.cc", "-o", program], check=True, timeout=120)
        python = [sys.executable, "-c", "import ctypes, os; ctypes.CDLL(os.environ['SLOW'])"]
        library = self.folder / "slow_end.so"
        subprocess.run(["g++", "-shared", "-fPIC", self.folder / "slow_end.cc", "-o", library], check=True, timeout=120)
        for name, ending in (("native", [program]), ("python", ["env", f"SLOW={library}", *python])):
            with self.subTest(name):
                self.reftally("run", "--every", "0.5", "-o", name, "--no-analyze", "--", *ending)
                self.assertEqual(len(list((self.folder / name).glob("*.tally"))), 1)

    def test_snapshots_at_intervals_interrupt_no_wait(self):
        run = self.reftally("run", "--every", "0.5", "-o", "waits", "--no-analyze", "--", command.PROGRAMS / "waits")
        self.assertGreater(len(list((self.folder / "waits").glob("*.tally"))), 1, run.stdout)

    def test_it_says_whose_dumps_are_still_to_come(self):
        until_it_is_sleep = "while ! grep -q sleep /proc/$!/comm; do :; done"
        run = self.reftally("run", "--", "sh", "-c", f"sleep 5 > /dev/null 2>&1 & echo $!; {until_it_is_sleep}; kill -9 $$",
                            status=-9)
        self.assertIn(f"reftally: process {run.stdout.strip()} (sleep), which the program started, still runs; its dump "
                      f"comes to {self.folder} when it ends\n", run.stderr)

if __name__ == "__main__":
    command.main()
