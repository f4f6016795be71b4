"""What a program is expected to show, and whether a report shows just that.

A line of expectations, in a source comment (`// expect: …`) or in a sample's expected.txt (`leaky: …`):

    unreachable-cycle type=Parent type=Child edge=Parent::children_ edge=Child::parent_ instances=1
    unowned-cycle|unreachable-cycle type=Node     either rule will do
    none                                          no finding at all
    none allow=weak-pinned-storage                none but of this rule

`type=` is asked of every build, for type_info names counted objects without debug information; `edge=` (a text that
occurs in `Type::member.member` of some reference of the finding, indexes left out) only where there is some, and so
`weaken=Page::document_` (what the repaired program makes weak; `A|B`: either) of the advice.
Every finding must answer one expectation and every expectation must be answered by one finding.
"""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass
class Expectation:
    rules: set
    types: list = dataclasses.field(default_factory=list)
    edges: list = dataclasses.field(default_factory=list)
    instances: int | None = None
    weaken: set = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Expectations:
    wanted: list = dataclasses.field(default_factory=list)
    allowed: set = dataclasses.field(default_factory=set)

    def add(self, line):
        first, *words = line.split()
        if first != "none":
            self.wanted.append(Expectation(set(first.split("|"))))
        for word in words:
            key, _, value = word.partition("=")
            if key == "allow":
                self.allowed.add(value)
            elif key == "type":
                self.wanted[-1].types.append(value)
            elif key == "edge":
                self.wanted[-1].edges.append(value)
            elif key == "weaken":
                self.wanted[-1].weaken.update(value.split("|"))
            elif key == "instances":
                self.wanted[-1].instances = int(value)
            else:
                raise ValueError(f"expectation `{line}`: unknown word `{word}`")


def of_source(path):
    """Expectations of a program: its lines that begin with `// expect: `."""
    expectations = Expectations()
    with open(path, encoding="utf-8") as source:
        lines = [line.removeprefix("// expect: ") for line in source if line.startswith("// expect: ")]
    if not lines:
        raise ValueError(f"{path}: no `// expect:` line")
    for line in lines:
        expectations.add(line)
    return expectations


def of_sample(path, program):
    """Expectations of one program of a sample: lines of expected.txt that begin with `program: `."""
    expectations = Expectations()
    with open(path, encoding="utf-8") as file:
        lines = [line.removeprefix(program + ": ") for line in file if line.startswith(program + ": ")]
    if not lines:
        raise ValueError(f"{path}: no line for {program}")
    for line in lines:
        expectations.add(line)
    return expectations


def unscoped(name):
    """Type names as a reader says them: without namespaces and template arguments of the allocator kind."""
    return re.sub(r"\b(?:\w+|\(anonymous namespace\))::", "", name)


def edge_texts(finding):
    steps = finding.get("cycle", []) + finding.get("path", [])
    for step in steps:
        yield re.sub(r"\[[^\]\s]*\]", "", f"{unscoped(step['from'])}::{step['via']}")


def edge_is_there(wanted, finding):
    """An edge is named by the class that declares the member, which may be a base of the object's type."""
    member = wanted.split("::")[-1]
    texts = list(edge_texts(finding))
    return any(wanted in text for text in texts) or any(re.search(rf"\b{re.escape(member)}\b", text) for text in texts)


def weakened(finding):
    """The member that the advice is about: without namespaces, and of a closure just what it captures."""
    member = (finding.get("advice") or {}).get("weaken", "nothing")
    return unscoped_member(re.sub(r".*\[lambda [^\]]*\]", "[lambda]", member))


def unscoped_member(name):
    return "::".join(name.split("::")[-2:])


def misses(expectation, finding, debug_info):
    """Why `finding` does not answer `expectation`; empty when it does."""
    if finding["rule"] not in expectation.rules:
        return [f"rule is {finding['rule']}"]
    reasons = []
    types = {unscoped(member["type"]) for member in finding["members"]}
    reasons += [f"no type {name} in {sorted(types)}" for name in expectation.types if name not in types]
    if debug_info:
        reasons += [f"no edge {edge} in {list(edge_texts(finding))}"
                    for edge in expectation.edges if not edge_is_there(edge, finding)]
    if debug_info and expectation.weaken and weakened(finding) not in expectation.weaken:
        reasons.append(f"the advice is to weaken {weakened(finding)}, not {'|'.join(sorted(expectation.weaken))}")
    if expectation.instances is not None and finding["instances"] != expectation.instances:
        reasons.append(f"{finding['instances']} instances, expected {expectation.instances}")
    return reasons


@dataclasses.dataclass
class Outcome:
    found: int = 0
    wanted: int = 0
    problems: list = dataclasses.field(default_factory=list)
    false: int = 0


def describe(finding):
    members = ", ".join(f"{member['count']} {member['type']}" for member in finding["members"])
    return f"{finding['rule']} ({members})"


def compare(report, expectations, debug_info):
    """Matches findings and expectations one to one, in order."""
    outcome = Outcome(wanted=len(expectations.wanted))
    left = [finding for finding in report["findings"] if finding["rule"] not in expectations.allowed]
    for expectation in expectations.wanted:
        answers = [finding for finding in left if not misses(expectation, finding, debug_info)]
        if answers:
            left.remove(answers[0])
            outcome.found += 1
            continue
        nearest = min((misses(expectation, finding, debug_info) for finding in left), key=len, default=["no finding"])
        outcome.problems.append(f"missing {'|'.join(sorted(expectation.rules))}: {'; '.join(nearest)}")
    outcome.false = len(left)
    outcome.problems += [f"not expected: {describe(finding)}" for finding in left]
    return outcome
