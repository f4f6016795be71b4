#!/usr/bin/env python3
"""Programs that are started with an environment without the agent run as ever, and it is said that nobody saw them."""

import re
import subprocess
import sys

import command

LEAKY = command.PROGRAMS / "parent_and_child_leaky"
STARTED = "without the agent (no LD_PRELOAD of `reftally run` in its environment)"

STARTS = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define SCRIPT "echo one $0 $1 \"$(env | grep A=)\"; exit 5"
int main(int count, char** words) {
  const char* const how = words[1];
  char* const none[] = {NULL};
  char* const some[] = {"A=b", NULL};
  char* const list[] = {"sh", "-c", SCRIPT, "two", "three", NULL};
  const char* const file = count > 2 ? "/bin/missing" : "/bin/sh";
  if (strcmp(how, "execle") == 0) execle(file, "sh", "-c", SCRIPT, "two", "three", (char*)NULL, some);
  if (strcmp(how, "fexecve") == 0) fexecve(open(file, O_RDONLY | O_CLOEXEC), list, none);
  if (strcmp(how, "execveat") == 0) execveat(AT_FDCWD, file, list, none, 0);
  if (strcmp(how, "execveat-folder") == 0) execveat(open("/bin", O_PATH | O_CLOEXEC), file + 5, list, none, 0);
  if (strcmp(how, "execveat-file") == 0) execveat(open(file, O_PATH | O_CLOEXEC), "", list, none, AT_EMPTY_PATH);
  unsetenv("LD_PRELOAD");
  if (strcmp(how, "execl") == 0) execl(file, "sh", "-c", SCRIPT, "two", "three", (char*)NULL);
  if (strcmp(how, "execlp") == 0) execlp(file + 5, "sh", "-c", SCRIPT, "two", "three", (char*)NULL);
  return 9;
}
"""


class Unseen(command.CommandTest):
    def unseen(self, *words, status=0, options=()):
        """What is said of it, in one line; the program's output and the folder are as they would be."""
        run = self.reftally("run", *options, "--", *words, status=status)
        self.assertEqual(list(self.folder.glob(".*")), [], "notes are left")
        told = [line for line in run.stderr.splitlines() if STARTED in line]
        self.assertLessEqual(len(told), 1, run.stderr)
        return told[0] if told else ""

    def test_what_env_started_without_the_agent_is_told_with_the_command_that_sees_it(self):
        for options in (["-i"], ["-u", "LD_PRELOAD"], ["LD_PRELOAD="], ["-i", "NAME=two words"]):
            said = self.unseen("env", *options, LEAKY)
            self.assertTrue(said.startswith(f"reftally: no dump was written: env started {LEAKY} {STARTED}"), said)
            self.assertIn(f"{command.REFTALLY} run -- {LEAKY}`", said)
        self.assertIn("env -i 'NAME=two words' ", said)

    def test_the_command_that_is_told_sees_the_program(self):
        run = self.reftally("run", "--", "env", "-i", LEAKY)
        advised = run.stderr.split("; write `")[1].split("`")[0]
        shell = self.reftally("run", "--only", "nothing", "--", "sh", "-c", advised)
        self.assertIn("keep each other alive", shell.stderr)

    def test_a_shell_without_findings_is_no_answer_for_what_it_started(self):
        said = self.unseen("sh", "-c", f"unset LD_PRELOAD; {LEAKY}; {LEAKY}; exit 3", status=3)
        self.assertIn(f"started {LEAKY} {STARTED}: nobody looked into it; "
                      f"write `reftally run -- {LEAKY}` where it is started", said)

    def test_a_subprocess_with_an_environment_of_its_own_is_told(self):
        for more in ("", ", close_fds=False"):  # fork and exec, posix_spawn
            script = f"import subprocess as s; [s.run([p], env={{}}{more}) for p in ('{LEAKY}', '/bin/true')]"
            said = self.unseen(sys.executable, "-c", script)
            self.assertIn(f"started {LEAKY} {STARTED}, and so 1 more: nobody", said)

    def test_each_function_of_the_exec_family_tells_it_and_starts_what_it_was_given(self):
        self.write("starts.c", STARTS)
        program = self.folder / "starts"
        subprocess.run(["gcc", "-Wall", self.folder / "starts.c", "-o", program], check=True, timeout=120)
        for how in ("execl", "execlp", "execle", "fexecve", "execveat", "execveat-folder", "execveat-file"):
            with self.subTest(how):
                run = self.reftally("run", "--", program, how, status=5)
                self.assertEqual(run.stdout, "one two three A=b\n" if how == "execle" else "one two three \n")
                self.assertRegex(run.stderr, rf"starts started (sh|/\S*/(da)?sh) {re.escape(STARTED)}")
                self.assertEqual(self.reftally("run", "--", program, how, "missing", status=9).stderr.count(STARTED), 0)

    def test_a_program_that_may_write_no_files_is_not_ended_by_what_is_noted_or_said(self):
        script = "ulimit -f 0; exec env -i true"
        self.assertEqual(self.reftally("run", "--no-analyze", "--", "sh", "-c", script).stdout, "")
        for where in ("full", "/dev/null"):
            script = f"echo full > full; ulimit -f 0; exec true 2>> {where}"
            self.reftally("run", "--no-analyze", "--", "sh", "-c", script)
        self.assertEqual((self.folder / "full").read_text(encoding="utf-8"), "full\n")

    def test_what_has_the_agent_or_cannot_be_started_is_not_told(self):
        self.assertEqual(self.unseen("env", "A=b", LEAKY), "")
        for nothing in ("/nonexistent", "nonexistent", "/usr"):
            self.assertEqual(self.unseen("sh", "-c", f"env -i {nothing}; env -i PATH=/usr/bin {nothing}; exit 0"), "")
        self.assertIn("env started true without", self.unseen("sh", "-c", "env -i true; env -i PATH=/usr/bin true"))
        self.assertEqual(self.unseen("env", "-i", command.REFTALLY, "run", "--", LEAKY), "")
        self.assertEqual(self.unseen("env", "-i", "/bin/true", options=["--only", "parent*"]), "")

    def test_a_program_whose_environment_is_cleared_has_it_as_it_was_told_to(self):
        run = self.reftally("run", "--", "env", "-i", "A=b", "env")
        self.assertEqual(run.stdout, "A=b\n")


if __name__ == "__main__":
    command.main()
