#!/usr/bin/env python3
"""Where output cannot go: trouble with a dump never costs the program, and no file is left half-written."""

import os
import stat
import subprocess
import sys

import command


class Output(command.CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        [cls.dump] = command.record("parent_and_child_leaky", cls.folder)

    def test_output_that_cannot_be_written_is_no_success(self):
        dump = self.dump
        with open("/dev/full", "w", encoding="ascii") as full:
            for question in (("paths", dump), ("check", dump), ("query", dump, "SELECT 1"), ("info", dump),
                             ("diff", dump, dump), ("explain", dump, "Page"), ("cxxflags",), ("analyze", dump)):
                done = subprocess.run([command.REFTALLY, *question], stdout=full, stderr=subprocess.PIPE, text=True,
                                      cwd=self.folder, check=False)
                self.assertEqual(done.returncode, 2, question)
                self.assertEqual(done.stderr, "reftally: standard output: cannot be written: No space left on device\n")

    def test_the_worst_findings_are_told_and_how_many_more_there_are(self):
        program = ("import gc\ngc.disable()\nclass Large(list): pass\nclass Small: pass\n"
                   "for kind in (Large, Small):\n  node = kind()\n  node.itself = node\n  del node\n")
        dumps = [path for path in command.record_program([sys.executable, "-c", program], self.folder / "python")
                 if "python" in os.path.basename(path)]
        if not dumps:
            self.skipTest("built without the agent for Python")
        one = self.reftally("analyze", dumps[-1], "--top", "1", status=1).stdout
        self.assertIn("\n… 1 more finding, none worse; see them with --top 2\n2 findings\n", one)
        self.assertIn("__main__.Large", one)
        self.assertNotIn("__main__.Small", one)
        self.assertIn("__main__.Small", self.reftally("analyze", dumps[-1], "--top", "2", status=1).stdout)
        self.fails("--top", "analyze", dumps[-1], "--top", "0")

    def test_what_is_no_file_or_folder_is_told_at_once(self):
        dump = self.dump
        os.mkfifo(self.folder / "pipe")
        for question in (("analyze",), ("check",), ("query",), ("draw",), ("paths",), ("info",)):
            self.fails("pipe: not a regular file", *question, "pipe", *(["SELECT 1"] if question == ("query",) else []))
        self.fails(".: not a regular file, but a folder: name the files in it", "analyze", ".")
        self.write("server.cc", "int main() {}\n")
        self.fails("server.cc: at byte 0: expected a Reftally dump (the bytes 89 'TALLY' 0d 0a), as `reftally run -- "
                   "PROGRAM` writes it", "analyze", "server.cc")
        self.fails("sarif not in {text,github}; `reftally analyze --output FILE` and `reftally run --report FILE` write "
                   "reports of other formats", "check", dump, "--format", "sarif")
        self.fails("nowhere: there is no such folder", "analyze", dump, "--debug-dir", "nowhere")
        self.fails("nowhere: there is no such folder", "analyze", dump, "--sysroot", "nowhere")
        self.write("map.json", "[")
        self.fails("map.json: at byte 2: expected JSON, as `reftally lint --type-map` writes it", "analyze", dump,
                   "--type-map", "map.json")

    def test_a_folder_that_cannot_be_made_costs_the_dump_not_the_program(self):
        program = str(command.PROGRAMS / "parent_and_child_fixed")
        alone = subprocess.run([program], capture_output=True, text=True, check=False)
        run = self.reftally("run", "-o", "/proc/no/such/folder", "--", program, status=alone.returncode)
        self.assertEqual(run.stdout, alone.stdout)
        self.assertIn("no dump: cannot create /proc/no/such/folder/", run.stderr)

    def test_a_report_has_the_format_that_its_files_name_ends_with_unless_told_otherwise(self):
        for name, begins in (("a.html", "<!doctype html>"), ("a.svg", "<?xml"), ("a.json", "{"), ("a.sarif", "{"),
                             ("a.md", "#"), ("a.txt", "/"), ("a.log", "/")):
            self.reftally("analyze", self.dump, "-o", name, status=1)
            self.assertTrue((self.folder / name).read_text().lower().startswith(begins), name)
        self.reftally("analyze", self.dump, "-o", "a.html", "--format", "json", status=1)
        self.assertTrue((self.folder / "a.html").read_text().startswith("{"))
        self.reftally("diff", self.dump, self.dump, "-o", "b.json")
        self.assertTrue((self.folder / "b.json").read_text().startswith("{"))
        self.reftally("run", "--report", "c.html", "--", command.PROGRAMS / "parent_and_child_leaky")
        self.assertTrue((self.folder / "c.html").read_text().startswith("<!doctype html>"))

    def test_a_report_for_a_full_device_is_an_error_and_the_device_stays(self):
        failed = self.reftally("analyze", self.dump, "-o", "/dev/full", status=2)
        self.assertEqual(failed.stderr, "reftally: /dev/full: cannot be written: No space left on device\n")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))

    def test_a_report_for_a_link_goes_to_the_file_it_leads_to(self):
        self.write("kept.txt", "old")
        (self.folder / "latest.txt").symlink_to("kept.txt")
        (self.folder / "first.txt").symlink_to("made.txt")
        for link, file in (("latest.txt", "kept.txt"), ("first.txt", "made.txt")):
            self.reftally("analyze", self.dump, "-o", link, status=1)
            self.assertTrue((self.folder / link).is_symlink())
            self.assertIn("Page::document_", (self.folder / file).read_text(encoding="utf-8"))

    def test_a_report_that_cannot_be_whole_leaves_no_file(self):
        failed = self.reftally("analyze", self.dump, "-o", "no/such/folder/report", status=2)
        self.assertIn("no/such/folder/report: cannot be created: No such file or directory", failed.stderr)
        self.assertEqual([path.name for path in self.folder.glob("*.tmp")], [])


if __name__ == "__main__":
    command.main()
