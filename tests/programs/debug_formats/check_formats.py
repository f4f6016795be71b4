#!/usr/bin/env python3
"""Builds one program with its debug information in every form it comes in, and checks that the report names the same
members, roots and lines from each of them, and without any says once what would mend it.

Usage: check_formats.py --reftally PATH --gcc PATH [--clang PATH]
A form whose tool (dwz, dwp, objcopy) is not installed is left out, and said so.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))

import recorded_run


class Builder:
    """One program in a folder of its own."""

    def __init__(self, reftally, compiler, folder):
        self.reftally, self.compiler, self.folder = reftally, compiler, folder
        self.program = folder / "server"

    def tool(self, *command):
        recorded_run.call(command, self.folder, {0}, 120)

    def build(self, *flags):
        for source in ("server.cc", "handler.cc"):
            self.tool(self.compiler, "-std=c++20", "-O1", *flags, "-c", HERE / source, "-o", source + ".o")
        self.tool(self.compiler, *flags, "server.cc.o", "handler.cc.o", "-o", self.program)

    def strip_into(self, debug_file):
        debug_file.parent.mkdir(parents=True, exist_ok=True)
        self.tool("objcopy", "--only-keep-debug", self.program, debug_file)
        self.tool("objcopy", "--strip-all", self.program)

    def build_id(self):
        notes = subprocess.run(["readelf", "-n", self.program], capture_output=True, text=True, check=True).stdout
        return notes.split("Build ID: ")[1].split()[0]


def plain(*flags):
    return lambda builder: builder.build(*flags) or []


def debug_link(builder):
    builder.build("-g")
    builder.strip_into(builder.folder / "server.debug")
    builder.tool("objcopy", "--add-gnu-debuglink=server.debug", builder.program)
    return []


def build_id_folder(builder):
    builder.build("-g", "-Wl,--build-id")
    build_id = builder.build_id()
    builder.strip_into(builder.folder / "debug/.build-id" / build_id[:2] / (build_id[2:] + ".debug"))
    return ["--debug-dir", builder.folder / "debug"]


def alternate(builder):
    """Two debug files share what is equal in a third: .gnu_debugaltlink."""
    builder.build("-g", "-Wl,--build-id")
    other = builder.folder / "other"
    shutil.copy(builder.program, other)
    builder.tool("dwz", "-m", builder.folder / "shared.debug", "-M", builder.folder / "shared.debug", builder.program,
                 other)
    sections = subprocess.run(["readelf", "-S", builder.program], capture_output=True, text=True, check=True).stdout
    if ".gnu_debugaltlink" not in sections:
        raise recorded_run.RunFailed("dwz made no .gnu_debugaltlink")
    return []


def single_dwz(builder):
    builder.build("-g")
    builder.tool("dwz", builder.program)
    return []


def packed(*flags):
    def build(builder):
        builder.build(*flags)
        builder.tool("llvm-dwp-19", "-e", builder.program, "-o", str(builder.program) + ".dwp")
        for split in builder.folder.glob("*.dwo"):
            split.unlink()
        return []
    return build


# name, tools, how to build (returns options for analyze)
FORMS = [
    ("DWARF 5", [], plain("-gdwarf-5")),
    ("DWARF 4", [], plain("-gdwarf-4")),
    ("DWARF 4, type units", [], plain("-gdwarf-4", "-fdebug-types-section")),
    ("DWARF 5, type units", [], plain("-gdwarf-5", "-fdebug-types-section")),
    ("compressed sections", [], plain("-g", "-gz=zlib")),
    ("separate file by link", ["objcopy"], debug_link),
    ("separate file by build-id", ["objcopy", "readelf"], build_id_folder),
    ("dwz, one file", ["dwz"], single_dwz),
    ("dwz, shared file", ["dwz", "readelf"], alternate),
    (".dwo, DWARF 5", [], plain("-gdwarf-5", "-gsplit-dwarf")),
    (".dwo, DWARF 4", [], plain("-gdwarf-4", "-gsplit-dwarf")),
    (".dwp, DWARF 5", ["llvm-dwp-19"], packed("-gdwarf-5", "-gsplit-dwarf")),
    (".dwp, DWARF 4", ["llvm-dwp-19"], packed("-gdwarf-4", "-gsplit-dwarf")),
    ("no type_info", [], plain("-g", "-fno-rtti")),
    ("the standard library inside", [], plain("-g", "-static-libstdc++", "-static-libgcc")),
]


def report_text(builder, options):
    dump = recorded_run.record(builder.reftally, builder.program, builder.folder)
    report = recorded_run.call([builder.reftally, "analyze", dump, *options], builder.folder, {0, 1}, 60).stdout
    account = recorded_run.call([builder.reftally, "explain", dump, "int", *options], builder.folder, {0}, 60).stdout
    return report, account


WANTED = [
    "Server::handlers_[0].target_", "handler.h:7", "make  server.cc:201", "leak  server.cc:232",
    "Server::closed_ -> [lambda server.cc:243].self", "root g_spare.target_", "root t_spare.target_ of thread 1",
]


def problems_of(report, account):
    text = report + account
    problems = [f"no `{wanted}`" for wanted in WANTED if wanted not in text]
    if "server" in [line for line in report.splitlines() if "no debug information" in line]:
        problems.append("the report says that there is no debug information")
    return [problem + "\n" + text for problem in problems]


def check_without(builder):
    builder.build("-g0")
    report, _ = report_text(builder, [])
    told = report.replace("\n", " ").count("debug information (")
    return [] if told == 1 and "build with -g" in report.replace("\n", " ") else ["not told once what to do\n" + report]


def check_zstd(builder):
    builder.build("-g", "-gz=zstd")
    report, account = report_text(builder, [])
    text = report.replace("\n", " ")
    if "zstd" not in text:  # a libdw that reads it
        return problems_of(report, account)
    told = "compressed with zstd" in text and "--decompress-debug-sections" in text and "build with -g" not in text
    return [] if told else ["not told what stands in the way\n" + report]


def check(reftally, compiler, name, build):
    with tempfile.TemporaryDirectory(prefix="reftally-test-") as folder:
        builder = Builder(reftally, compiler, pathlib.Path(folder))
        return problems_of(*report_text(builder, build(builder)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reftally", required=True)
    parser.add_argument("--gcc", required=True)
    parser.add_argument("--clang")
    parser.add_argument("form", nargs="*", help="only these")
    options = parser.parse_args()
    failed = 0

    def tell(name, compiler, attempt):
        nonlocal failed
        try:
            problems = attempt()
        except (recorded_run.RunFailed, subprocess.SubprocessError) as failure:
            problems = [str(failure)]
        failed += bool(problems)
        print(f"{name}, {pathlib.Path(compiler).name}: " + ("\n  ".join(problems) or "ok"), flush=True)

    for compiler in filter(None, [options.gcc, options.clang]):
        for name, tools, build in FORMS:
            if "dwz" in tools and compiler == options.clang:
                continue  # dwz 0.15 does not know the forms clang uses
            missing = [tool for tool in tools if not shutil.which(tool)]
            if missing:
                print(f"{name}: left out, {', '.join(missing)} not installed")
            elif not options.form or name in options.form:
                tell(name, compiler, lambda: check(options.reftally, compiler, name, build))
    if not options.form:
        with tempfile.TemporaryDirectory(prefix="reftally-test-") as folder:
            builder = Builder(options.reftally, options.gcc, pathlib.Path(folder))
            tell("none", options.gcc, lambda: check_without(builder))
        if options.clang:
            with tempfile.TemporaryDirectory(prefix="reftally-test-") as folder:
                zstd_builder = Builder(options.reftally, options.clang, pathlib.Path(folder))
                tell("zstd", options.clang, lambda: check_zstd(zstd_builder))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
