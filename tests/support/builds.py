"""The builds a program under test is tried in, and how to make them."""

import dataclasses
import pathlib
import subprocess


@dataclasses.dataclass(frozen=True)
class Build:
    compiler: str
    optimisation: str
    debug: str  # "-g", "" or "stripped"

    @property
    def name(self):
        return " ".join(part for part in (self.compiler, self.optimisation, self.debug or "no -g") if part)

    @property
    def folder(self):
        return self.name.replace(" ", "_").replace("+", "x")

    @property
    def debug_info(self):
        return self.debug == "-g"


COMPILERS = ["g++", "clang++-19"]
OPTIMISATIONS = ["-O0", "-O2"]
ALL = [Build(compiler, optimisation, debug) for compiler in COMPILERS for optimisation in OPTIMISATIONS
       for debug in ("-g", "", "stripped")]


def make(build, source, folder, flags=()):
    """The program of `source` in that build, in folder/BUILD/; made again only when older than the source."""
    source = pathlib.Path(source)
    stem = source.stem if source.stem not in ("leaky", "fixed") else f"{source.parent.name}_{source.stem}"
    program = pathlib.Path(folder) / build.folder / stem
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    command = [build.compiler, "-std=c++20", "-pthread", build.optimisation, *flags, str(source), "-o", str(program)]
    if build.debug == "-g":
        command.append("-g")
    subprocess.run(command, check=True)
    if build.debug == "stripped":
        subprocess.run(["strip", str(program)], check=True)
    return program
