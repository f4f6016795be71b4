"""reftally lint --type-map and analyze --type-map: a program without debug information, its types told by its source."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import project

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
import recorded_run  # noqa: E402

PROGRAM = """#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct Session;

struct Handler {
  explicit Handler(std::shared_ptr<Session> session) : session_(session), watched_(session) {}
  virtual ~Handler() = default;
  long number_ = 7;
  std::shared_ptr<Session> session_;
  std::weak_ptr<Session> watched_;
};

struct Counted {
  long hits_ = 0;
};

struct Session : Counted, std::enable_shared_from_this<Session> {
  std::string name_ = "a name that is too long to stand inside the string itself";
  union {
    long plain_;
    double real_;
  };
  std::optional<std::weak_ptr<Session>> next_;
  std::map<int, std::vector<std::shared_ptr<Handler>>> handlers_;
  std::function<void()> on_close_;
  void listen();
};

struct Watcher {
  std::vector<std::weak_ptr<Session>> sessions_;
  std::shared_ptr<Watcher> other_;
};

void Session::listen() {
  int level = 3;
  on_close_ = [level, self = shared_from_this()] { (void)level, (void)self; };
}

void leak_handlers() {
  auto session = std::make_shared<Session>();
  session->next_ = std::weak_ptr<Session>(session);
  session->handlers_[4].push_back(std::make_shared<Handler>(session));
}

void leak_closure() { std::make_shared<Session>()->listen(); }

void leak_watchers() {
  std::shared_ptr<Watcher> one(new Watcher), two(new Watcher);
  one->other_ = two;
  two->other_ = one;
  auto session = std::make_shared<Session>();
  one->sessions_.push_back(session);
}

int main() {
  leak_handlers();
  leak_closure();
  leak_watchers();
}
"""


class TypeMap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = project.Project(sys.argv[1], {"program.cc": PROGRAM})
        folder = cls.project.path
        subprocess.run(["g++", "-std=c++20", "-O1", "-g0", "program.cc", "-o", "program"], cwd=folder, check=True,
                       timeout=120)
        subprocess.run(["strip", "-o", "stripped", "program"], cwd=folder, check=True, timeout=60)
        cls.dumps = {}
        for name in ("program", "stripped"):
            os.mkdir(os.path.join(folder, name + ".d"))
            cls.dumps[name] = recorded_run.record(cls.project.reftally, os.path.join(folder, name),
                                                  os.path.join(folder, name + ".d"))
        run = cls.project.lint("--type-map", "types.json")
        assert run.returncode == 0, run.stderr
        cls.map = json.loads(cls.project.read("types.json"))

    def row(self, key):
        return next(row for row in self.map["types"] if row["key"] == key)

    def cycles(self, name, *options):
        run = subprocess.run([self.project.reftally, "analyze", self.dumps[name], "--format", "json", *options],
                             capture_output=True, text=True, timeout=60, cwd=self.project.path)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        report = json.loads(run.stdout)
        cycles = [sorted(f"{edge['from']}::{edge['via']}" for edge in finding["cycle"])
                  for finding in report["findings"] if finding["cycle"]]
        return sorted(cycles), report

    def test_tells_offsets_and_what_members_hold(self):
        handler = self.row("7Handler")
        self.assertEqual(handler["size"], 48)
        members = {member["name"]: (member["offset"], member.get("holds")) for member in handler["members"]}
        self.assertEqual(members, {"number_": (8, None), "session_": (16, ["strong"]), "watched_": (32, ["weak"])})
        self.assertTrue(handler["polymorphic"])
        bases = [member for member in self.row("7Session")["members"] if member.get("base")]
        self.assertEqual([base["offset"] for base in bases], [0, 8])

    def test_a_stripped_program_gets_members_with_their_names_and_kinds(self):
        without, _ = self.cycles("stripped")
        self.assertNotIn("session_", json.dumps(without))
        cycles, report = self.cycles("stripped", "--type-map", "types.json")
        self.assertIn(["Handler::session_", "Session::handlers_[][0]"], cycles)
        self.assertIn(["Watcher::other_"], [sorted(set(cycle)) for cycle in cycles])
        self.assertNotRegex(json.dumps(cycles), "watched_|sessions_|next_|weak_from_this")  # those are weak
        edge = next(edge for finding in report["findings"] for edge in finding["cycle"] if edge["via"] == "session_")
        self.assertEqual((edge["kind"], edge["certainty"]), ("strong", "exact"))
        self.assertRegex(edge["location"], r"program\.cc:14$")

    def test_symbols_alone_tell_the_closure(self):
        cycles, _ = self.cycles("program", "--type-map", "types.json")
        self.assertEqual([c for c in cycles if "lambda" in c[0]], [["Session::on_close_ -> [lambda program.cc:41].self"]])

    def test_confirm_uses_the_types_of_the_source(self):
        run = self.project.lint("--confirm", self.dumps["stripped"], "--format", "json")
        self.assertEqual(run.returncode, 1, run.stderr)
        seen = {tuple(sorted(member.split("::")[0] for member in re.findall(r"(\w+::\w+) (?:holds|owns)", json.dumps(f))))
                for f in json.loads(run.stdout)["findings"] if f.get("seen_at_run_time")}
        self.assertIn(("Handler", "Session"), seen, run.stdout)

    def changed(self, change):
        changed = json.loads(json.dumps(self.map))
        change(next(row for row in changed["types"] if row["key"] == "7Handler"))
        self.project.write("changed.json", json.dumps(changed))
        return self.cycles("stripped", "--type-map", "changed.json")

    def test_a_class_of_another_size_is_refused_alone(self):
        def grow(handler):
            handler["size"] += 16
            for member in handler["members"]:
                member["offset"] += 16
        cycles, report = self.changed(grow)
        self.assertNotIn("Handler::session_", json.dumps(cycles))
        self.assertIn(["Watcher::other_"], [sorted(set(cycle)) for cycle in cycles])
        self.assertRegex(" ".join(report["warnings"]), r"changed\.json: .* not used for Handler \(64 bytes there, 48 here\)")

    def test_a_class_without_its_vtable_is_refused(self):
        _, report = self.changed(lambda handler: handler.pop("polymorphic"))
        self.assertRegex(" ".join(report["warnings"]), "not used for Handler ")

    def test_what_is_no_map_is_an_error(self):
        self.project.write("other.json", '{"schema": "other"}')
        for name, text in (("other.json", "its schema is not reftally-types/1"), ("none.json", "No such file")):
            run = subprocess.run([self.project.reftally, "analyze", self.dumps["stripped"], "--type-map", name],
                                 capture_output=True, text=True, timeout=60, cwd=self.project.path)
            self.assertEqual(run.returncode, 2)
            self.assertTrue(re.search(f"{name}: .*{text}", run.stderr), run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1, warnings="ignore")
