"""A folder with sources and their compile_commands.json, and reftally lint run in it."""
import json
import os
import subprocess
import tempfile

LEAK = """#include <memory>
struct B;
struct A { std::shared_ptr<B> b; };
struct B { std::shared_ptr<A> a; };
void link() {
  auto a = std::make_shared<A>();
  a->b = std::make_shared<B>();
  a->b->a = a;
}
"""


class Project:
    def __init__(self, reftally, files, flags=("-std=c++20",)):
        self.reftally = reftally
        self.folder = tempfile.TemporaryDirectory(prefix="reftally-lint-test-")
        self.path = self.folder.name
        commands = []
        for name, text in files.items():
            self.write(name, text)
            if name.endswith((".cc", ".c")):
                compiler = "g++" if name.endswith(".cc") else "gcc"
                commands.append({"directory": self.path, "file": name, "arguments": [compiler, *flags, "-c", name]})
        self.write("compile_commands.json", json.dumps(commands))

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as out:
            out.write(text)

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="utf-8") as text:
            return text.read()

    def lint(self, *options, build="."):
        return subprocess.run([self.reftally, "lint", "-p", build, "--root", ".", *options], cwd=self.path,
                              capture_output=True, text=True, timeout=300)
