#!/usr/bin/env python3
"""A process that was not started under the agent: `reftally attach`, and the cores of gcore."""

import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

import command


class Core(command.CommandTest):
    def setUp(self):
        self.start("idle")

    def start(self, name, *arguments):
        self.program = subprocess.Popen([command.PROGRAMS / name, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if (said := self.program.stdout.readline()) != "ready\n":
            if arguments:
                self.skipTest("cannot be started here: " + self.program.communicate()[1])
            self.fail(said)

    def tearDown(self):
        if self.program.poll() is None:
            self.program.kill()
        self.program.communicate()

    def attach(self, *options, status=0):
        run = subprocess.run([command.REFTALLY, "attach", str(self.program.pid), *options], cwd=self.folder,
                             capture_output=True, text=True, timeout=120, check=False)
        if "not permitted" in run.stderr:
            self.skipTest("processes may not be traced here")
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run

    def sizes(self, core):
        table = self.reftally("query", core, "--format", "csv",
                              "SELECT size, count(*) AS n FROM objects WHERE type LIKE 'block of%' GROUP BY size").stdout
        return {int(row["size"]): int(row["n"]) for row in csv.DictReader(io.StringIO(table))}

    def expect_the_heap(self, core, tells_of_epoll):
        report = json.loads(self.reftally("analyze", core, "--format", "json", status=1).stdout)
        # A word that a register left on the stack may still see one of the cycles.
        self.assertLessEqual({finding["rule"] for finding in report["findings"]}, {"unreachable-cycle", "unowned-cycle"})
        lost = [finding for finding in report["findings"] if "Session::closed -> [lambda idle.cc:" in finding["summary"]]
        watched = [finding for finding in report["findings"] if "Watched::until_closed" in finding["summary"]]
        self.assertEqual(sum(finding["instances"] for finding in lost), 4)
        self.assertEqual(len(watched), 0 if tells_of_epoll else 1)
        self.assertEqual(len(lost) + len(watched), len(report["findings"]))
        missing = "this core does not have what the kernel kept for epoll and timers"
        self.assertEqual(any(missing in warning for warning in report["warnings"]), not tells_of_epoll)
        sizes = self.sizes(core)
        self.assertEqual(sizes[104], 2000)  # those of 100 bytes that stay, of both threads
        # In mappings of their own, a page at least, until the first is freed: then glibc takes such sizes from its heap.
        self.assertEqual(sum(count for size, count in sizes.items() if 200_000 <= size < 204_800), 20)

    def test_attach_finds_what_is_lost_and_lets_the_program_go_on(self):
        run = self.attach("--no-analyze")
        self.assertIn("the process stood still for", run.stderr)
        out, _ = self.program.communicate("", timeout=60)
        self.assertEqual((out, self.program.returncode), ("done\n", 0))
        self.expect_the_heap(f"idle.{self.program.pid}.core", tells_of_epoll=True)

    def test_threads_that_wait_do_not_see_that_they_were_stopped(self):
        self.tearDown()
        self.start("waits")
        self.attach("--no-analyze")
        self.attach("--no-analyze")
        out, _ = self.program.communicate("", timeout=60)
        self.assertEqual((out, self.program.returncode), ("0 interrupted\n", 0))

    def test_a_signal_that_comes_while_threads_are_stopped_is_not_lost(self):
        self.tearDown()
        self.start("signalled")
        for _ in range(10):
            self.attach("--no-analyze")
        out, _ = self.program.communicate("", timeout=60)
        self.assertEqual((out, self.program.returncode), ("0 lost\n", 0))

    def test_attach_reports_at_once_and_leaves_no_core_when_asked(self):
        run = self.attach("--remove-core", status=1)
        self.assertIn("Session::closed -> [lambda idle.cc:", run.stdout)
        self.assertFalse(list(self.folder.glob(f"*{self.program.pid}*")))

    def test_a_static_program_is_known_whole_and_its_healthy_objects_are_no_leak(self):
        self.tearDown()
        self.start("static_registry")
        self.attach("--no-analyze")
        core = f"static_registry.{self.program.pid}.core"
        report = json.loads(self.reftally("analyze", core, "--format", "json", status=1).stdout)
        self.assertEqual([(finding["rule"], finding["instances"]) for finding in report["findings"]],
                         [("unreachable-cycle", 3)], report)
        self.assertFalse([warning for warning in report["warnings"] if "damaged" in warning])
        owner = self.reftally("query", core, "--format", "csv", "SELECT size FROM objects WHERE type = 'Registry'").stdout
        self.assertGreater(int(owner.split()[1]), 32_000)  # a vector's block is from behind what the program took itself

    def test_a_program_whose_file_was_deleted_or_replaced_is_known_by_what_it_runs(self):
        self.tearDown()
        for replace in (False, True):
            copy = self.folder / "moved"
            shutil.copy(command.PROGRAMS / "idle", copy)
            self.start(copy)
            copy.unlink()
            if replace:
                shutil.copy(command.PROGRAMS / "waits", copy)
            found = self.attach(status=1).stdout
            self.assertIn("Session::closed -> [lambda idle.cc:", found)
            self.assertNotIn("note: /", found)
            later = self.reftally("analyze", f"moved.{self.program.pid}.core", status=1).stdout
            self.assertIn("error: unreachable-cycle", later)  # with the names that type_info has
            self.assertIn("no names from it; --sysroot tells where it is (build-id ", " ".join(later.split()))
            self.tearDown()

    def test_a_program_in_another_mount_namespace_is_known_by_its_own_files(self):
        self.tearDown()
        script = f"mount -t tmpfs none /mnt && cp {command.PROGRAMS}/idle /mnt/hidden && exec /mnt/hidden"
        self.start("/usr/bin/unshare", "-m", "/bin/sh", "-c", script)
        self.assertIn("Session::closed -> [lambda idle.cc:", self.attach(status=1).stdout)

    def test_a_core_of_the_kernel_that_leaves_out_memory_says_so(self):
        if pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii") != "core\n":
            self.skipTest("the kernel writes no core file here")
        for memory, has_memory in (("0x33", True), ("0x0", False)):
            shell = f"ulimit -c unlimited; echo {memory} > /proc/self/coredump_filter; exec {command.PROGRAMS}/left_out"
            subprocess.run(["/bin/bash", "-c", shell], cwd=self.folder, capture_output=True, check=False)
            core = next(self.folder.glob("core*"))  # or core.PID
            if not has_memory:
                self.fails("found not even a stack: /proc/PID/coredump_filter left it out", "analyze", core)
            else:
                told = self.reftally("analyze", core, status=1).stdout
                self.assertIn("this core leaves out 65 kB of the program's writable memory", " ".join(told.split()))
            core.unlink()

    def test_of_a_python_program_it_is_said_what_a_core_does_not_tell(self):
        self.tearDown()
        self.start(sys.executable, "-c", "print('ready', flush=True); input()")
        told = " ".join(self.attach().stdout.split())
        self.assertIn("note: Python's own objects are not told apart in a core, and none of them is judged", told)

    def test_another_allocator_is_named(self):
        found = sorted(pathlib.Path("/usr/lib/x86_64-linux-gnu").glob("libjemalloc.so.*"))
        if not found:
            self.skipTest("jemalloc is not installed")
        program = subprocess.Popen(["sleep", "60"], env={"LD_PRELOAD": str(found[0]), "PATH": "/usr/bin:/bin"})
        try:
            maps = pathlib.Path(f"/proc/{program.pid}/maps")
            while "jemalloc" not in maps.read_text(encoding="ascii"):
                time.sleep(0.05)
            time.sleep(0.3)
            core = f"sleep.{program.pid}.core"
            self.reftally("attach", program.pid, "--no-analyze")
            self.fails(f"found none, but {found[0].name}: a program with another allocator is read by its dumps only",
                       "analyze", core)
        finally:
            program.kill()
            program.wait()

    def test_a_core_of_gcore_tells_the_same(self):
        if not shutil.which("gcore"):
            self.skipTest("gdb is not installed")
        made = subprocess.run(["gcore", "-o", "gdb", str(self.program.pid)], cwd=self.folder, capture_output=True, text=True,
                              timeout=120, check=False)
        core = f"gdb.{self.program.pid}"
        if not (self.folder / core).exists():
            self.skipTest("gcore wrote no core: " + made.stderr)
        self.expect_the_heap(core, tells_of_epoll=False)

    def test_a_command_that_reads_dumps_only_says_who_reads_cores(self):
        self.attach("--no-analyze")
        core = f"idle.{self.program.pid}.core"
        self.fails(f"{core}: at byte 0: expected a Reftally dump; this is an ELF file, and if a core then "
                   "`reftally analyze` reads it", "info", core)

    def test_what_cannot_be_attached_to_is_said_in_one_line(self):
        self.program.communicate("", timeout=60)
        self.fails(f"process {self.program.pid}: cannot be stopped: no such process", "attach", self.program.pid)
        self.fails("Could not convert: PID = shop (`reftally attach --help` tells what can be given)", "attach", "shop")
        ended = subprocess.Popen(["true"])
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        self.fails("it has ended, and waits for its parent to ask how (a zombie)", "attach", ended.pid)
        ended.wait()
        self.assertFalse(list(self.folder.glob("*.part")))

    def test_a_process_under_the_agent_is_asked_for_a_dump_instead(self):
        run = subprocess.Popen([command.REFTALLY, "run", "--no-analyze", "--", "sleep", "60"], cwd=self.folder)
        try:
            children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children")
            for _ in range(600):
                pids = children.read_text(encoding="ascii").split()
                if pids and pathlib.Path(f"/proc/{pids[0]}/comm").read_text(encoding="ascii") == "sleep\n":
                    break
                time.sleep(0.1)
            time.sleep(0.5)
            self.fails("runs under the agent already: `reftally run --signal N`", "attach", pids[0])
            subprocess.run(["kill", pids[0]], check=True)
        finally:
            run.terminate()
            run.wait(60)


if __name__ == "__main__":
    command.main()
