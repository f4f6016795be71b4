#!/usr/bin/env python3
"""Compares what each drawn heap (heaps/*.heap, big_heaps.py) renders to with the golden files beside it.

Usage: goldens.py RENDER_DRAWING [--update]
"""

import argparse
import difflib
import pathlib
import subprocess
import sys

import big_heaps

FORMATS = {"text": "txt", "json": "json", "dot": "dot", "md": "md"}
HERE = pathlib.Path(__file__).parent


def drawings():
    """Name and drawing of every heap, the hand-drawn ones first."""
    for file in sorted((HERE / "heaps").glob("*.heap")):
        yield file.stem, file.read_bytes()
    for name, drawing in big_heaps.HEAPS.items():
        yield name, drawing.encode()


def rendered(program, form, drawing):
    return subprocess.run([program, form], input=drawing, check=True, capture_output=True, timeout=60).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("render_drawing")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    different = 0
    for name, drawing in drawings():
        for form, extension in FORMATS.items():
            golden = HERE / f"{name}.{extension}"
            now = rendered(options.render_drawing, form, drawing)
            if options.update:
                golden.write_bytes(now)
                continue
            before = golden.read_bytes() if golden.exists() else b""
            if before == now:
                continue
            different += 1
            lines = [text.decode("utf-8", "replace").splitlines() for text in (before, now)]
            print("\n".join(difflib.unified_diff(*lines, f"{golden.name}", f"{golden.name} now", lineterm="")))
    if different:
        print(f"{different} files differ; when that is meant: cmake --build BUILD_DIR --target update_goldens")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
