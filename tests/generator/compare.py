"""Compares what the analyzer says of a dump (facts_of_dump) with the truth of the model."""

import collections
import dataclasses


CYCLE_RULES = ("unreachable-cycle", "unowned-cycle")
IGNORED_RULES = ("weak-pinned-storage",)  # a note about what has been destroyed


@dataclasses.dataclass
class Facts:
    objects: dict      # heap row -> dict
    references: list   # (from, to, kind, certainty, label)
    roots: list        # (to, kind, certainty, name)
    instances: list    # (rule, fingerprint, rows)


@dataclasses.dataclass
class Result:
    tally: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    problems: list = dataclasses.field(default_factory=list)
    answer: tuple = ()  # what must be equal in every run

    def wrong(self, what, text):
        self.tally[what] += 1
        self.problems.append(text)


def read_facts(text):
    facts = Facts({}, [], [], [])
    for line in text.splitlines():
        tag, *cells = line.split("\t")
        if tag == "object":
            names = ("row", "address", "size", "counted", "strong", "heap", "roots", "remainder", "t1", "t2")
            item = {name: cell == "true" if name == "counted" else int(cell) for name, cell in zip(names, cells)}
            facts.objects[item["row"]] = item | {"type": cells[-1]}
        elif tag == "reference":
            facts.references.append((int(cells[0]), int(cells[1]), *cells[2:]))
        elif tag == "root":
            facts.roots.append((int(cells[0]), *cells[1:]))
        elif tag == "instance":
            facts.instances.append((cells[0], cells[1], [int(cell) for cell in cells[2:]]))
    return facts


def read_places(text):
    """id -> (value address, control block address), as the program said."""
    places = {}
    for line in text.splitlines():
        number, value, control = line.split()
        places[int(number)] = (int(value, 16), int(control, 16))
    return places


def rows_of_objects(facts, places, survivors):
    """heap row -> id, for the counted objects of the model."""
    by_control = {places[n][1]: n for n in survivors}
    return {row: by_control[item["address"]] for row, item in facts.objects.items()
            if item["counted"] and item["strong"] > 0 and item["address"] in by_control}


def references_between(facts, ids, places, survivors):
    """(id, id) -> Counter of kinds. What an object holds through others that the model does not know (blocks, the state
    of a future) is held by it; but the value of a shared_ptr with a deleter is that object, whoever else points there."""
    outgoing = collections.defaultdict(list)
    for source, target, kind, *_ in facts.references:
        outgoing[source].append((target, kind))
    values = {places[n][0]: n for n in survivors}
    value_of = {row: values[item["address"]] for row, item in facts.objects.items()
                if row not in ids and item["address"] in values}
    found = collections.defaultdict(collections.Counter)
    for row, number in ids.items():
        stack, seen = [row], {row}
        while stack:
            for target, kind in outgoing[stack.pop()]:
                if target in ids:
                    found[number, ids[target]][kind] += 1
                    continue
                may_enter = kind != "weak" and value_of.get(target, number) == number
                if may_enter and target not in seen and (not facts.objects[target]["counted"] or kind != "raw"):
                    seen.add(target)
                    stack.append(target)
    return found


def true_references(model, truth):
    """The truth's references and the hidden weak one of enable_shared_from_this."""
    wanted = collections.defaultdict(collections.Counter, {pair: counts.copy() for pair, counts in truth.references.items()})
    for number in truth.survivors:
        index = model.objects[number].type if model.objects[number].birth.tells_this else None
        while index is not None:
            wanted[number, number]["weak"] += model.classes[index].from_this
            index = model.classes[index].base
    return wanted


def judge_references(result, wanted, found, unknown, debug_info):
    for pair in sorted(set(wanted) | set(found)):
        if unknown & set(pair):
            continue
        want, have = wanted[pair], found[pair]
        if want["strong"] + want["weak"] == 0 and have["strong"] + have["weak"] == 0:
            continue
        if have["strong"] > want["strong"] or have["weak"] > want["weak"]:
            result.wrong("references wrong", f"references {pair}: {dict(have)}, truth {dict(want)}")
        elif have["strong"] == want["strong"] and have["weak"] == want["weak"]:
            result.tally["references right"] += 1
        elif have["ambiguous"] or not debug_info:
            result.tally["references strong or weak"] += 1
        else:
            result.wrong("references missed", f"references {pair}: {dict(have)}, truth {dict(want)}")


def judge_accounts(result, model, truth, facts, ids, debug_info):
    exact, other = collections.Counter(), collections.Counter()
    for root in model.roots:
        if root.kind.strength == "strong" and root.target in truth.survivors:
            (exact if root.kind.exact else other)[root.target] += 1
    for row, number in ids.items():
        item = facts.objects[row]
        lost = truth.remainder[number]
        if item["strong"] != truth.strong_count[number]:
            result.wrong("counts wrong", f"object {number}: count {item['strong']}, truth {truth.strong_count[number]}")
        elif item["remainder"] < lost:
            result.wrong("accounts wrong", f"object {number}: remainder {item['remainder']}, truth {lost}")
        elif item["remainder"] <= lost + other[number]:
            result.tally["accounts closed"] += 1
        elif debug_info:
            result.wrong("accounts open", f"object {number}: remainder {item['remainder']}, truth {lost}, "
                         f"{exact[number]} static and {other[number]} other roots")
        else:
            result.tally["accounts open"] += 1
    missing = truth.survivors - set(ids.values())
    unknown = counts_unknown(model, truth) & missing
    result.tally["counts unknown"] += len(unknown)
    for number in missing - unknown:
        result.wrong("objects missed", f"object {number} is not in the heap")


def counts_unknown(model, truth):
    """Objects with their count inside of which nobody can know: no smart pointer of a known type leads to them; or none
    of them has as many as its count says, so that the count is one integer among others."""
    held = collections.Counter()
    for (_, target), kinds in truth.references.items():
        held[target] += kinds["strong"]
    for root in model.roots:
        held[root.target] += root.kind.exact and root.kind.strength == "strong"
    inside = {n for n in truth.survivors if model.classes[model.objects[n].type].counted_inside}
    if not any(held[n] == truth.strong_count[n] for n in inside):
        return inside
    return {n for n in inside if not held[n]}


def is_doubtful(facts, rows):
    """Whether a reference among these objects is "strong or weak"."""
    return any(kind == "ambiguous" and source in rows and target in rows for source, target, kind, *_ in facts.references)


def judge_findings(result, truth, places, facts, ids, unknown, debug_info):
    cycles = {frozenset(cycle): "unreachable-cycle" for cycle in truth.cycles}
    cycles |= {frozenset(cycle): "unowned-cycle" for cycle in truth.unowned}
    found, leaked = set(), set()
    unknown_places = {places[number][0] for number in unknown}
    for rule, _, rows in facts.instances:
        members = frozenset(ids[row] for row in rows if row in ids)
        if unknown and not members and {facts.objects[row]["address"] for row in rows} & unknown_places:
            continue
        if rule in IGNORED_RULES or (members and members <= truth.doubtful):
            continue
        if not members or members & truth.alive or rule not in (*CYCLE_RULES, "leaked-reference"):
            result.wrong("false findings", f"{rule} of {sorted(members)} in {rows}")
        elif rule == "leaked-reference":
            leaked |= members
            if any(truth.remainder[number] == 0 for number in members):
                result.wrong("false findings", f"{rule} of {sorted(members)}, which lost nothing")
        elif members in cycles:
            found.add(members)
            result.tally["rule as expected" if cycles[members] == rule else "rule differs"] += 1
        else:
            inside = {cycle for cycle in cycles if cycle <= members}
            found |= inside
            if debug_info or not is_doubtful(facts, rows):
                result.wrong("cycles merged", f"{rule} of {sorted(members)} spans {[sorted(cycle) for cycle in inside]}")
            else:
                result.tally["cycles with doubt"] += 1
    for cycle, rule in cycles.items():
        if cycle & unknown and cycle not in found:
            result.tally["cycles unknown"] += 1
            continue
        if rule == "unowned-cycle":
            result.tally["unowned cycles"] += 1
            result.tally["unowned cycles found"] += cycle in found
        else:
            result.tally["cycles"] += 1
            result.tally["cycles found"] += cycle in found
        if cycle not in found and debug_info:
            result.problems.append(f"{rule} {sorted(cycle)} not found")
    truth.leaked -= unknown
    result.tally["leaks"] += len(truth.leaked)
    result.tally["leaks found"] += len(truth.leaked & leaked)
    if debug_info:
        result.problems += [f"leaked object {number} not found" for number in sorted(truth.leaked - leaked)]


def compare(model, truth, places, facts, debug_info):
    result = Result()
    ids = rows_of_objects(facts, places, truth.survivors)
    found = references_between(facts, ids, places, truth.survivors)
    unknown = counts_unknown(model, truth) - set(ids.values())
    judge_findings(result, truth, places, facts, ids, unknown, debug_info)
    judge_references(result, true_references(model, truth), found, unknown, debug_info)
    judge_accounts(result, model, truth, facts, ids, debug_info)
    result.answer = (sorted((rule, mark, sorted(ids.get(row, -1) for row in rows)) for rule, mark, rows in facts.instances),
                     sorted((pair, kind, n) for pair, kinds in found.items() for kind, n in kinds.items() if kind != "raw"),
                     sorted((number, facts.objects[row]["remainder"]) for row, number in ids.items()))
    return result
