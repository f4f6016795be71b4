"""A random heap and the truth about it: what survives, what is reachable, which cycles and leaks there are.

The truth is computed by the plainest means from the model alone: by playing the releases one by one, and by depth-first
search. Nothing here knows how Reftally works."""

import collections
import dataclasses
import random

from fields import (BIRTHS, COUNTED_INSIDE_BIRTH, FIELD_KINDS, ROOT_KINDS, Birth, FieldKind, RootKind,
                    is_any_pointer)


@dataclasses.dataclass
class Field:
    name: str
    kind: FieldKind
    target: int  # class


@dataclasses.dataclass
class Class:
    name: str
    fields: list
    base: int | None = None  # class whose members it inherits
    polymorphic: bool = False
    from_this: bool = False
    virtual_base: bool = False
    alignment: int = 0  # 0: as its members ask
    second_base: bool = False    # one more base, with a vtable, in front of the other
    counted_inside: bool = False  # with its count inside, as boost::intrusive_ptr wants it


@dataclasses.dataclass
class Object:
    type: int
    birth: Birth
    lost: int = 0  # units of the strong count that nobody holds


@dataclasses.dataclass
class Reference:
    source: int
    field: Field
    target: int
    multiplicity: int = 1


@dataclasses.dataclass
class Root:
    name: str
    kind: RootKind
    target: int


@dataclasses.dataclass
class Model:
    seed: int
    classes: list
    objects: list
    references: list
    roots: list
    own_pointer: str  # the smart pointer of classes that are counted inside
    in_thread: bool  # built by a thread that has ended when the snapshot is taken


@dataclasses.dataclass
class Truth:
    alive: set          # objects somebody owns
    cycles: list        # sets of objects: strongly connected, nobody owns them, nobody sees them
    unowned: list       # the same, but a weak or raw reference from what is alive still sees them
    leaked: set         # objects with lost units that nobody owns or sees, not in a cycle
    survivors: set      # objects whose count never reached zero
    strong_count: dict  # by survivor
    remainder: dict     # by survivor: lost units
    references: dict    # (source, target) -> Counter of strengths, among survivors
    doubtful: set       # values apart from their counts that a raw pointer sees, and what they hold: no verdict is wrong


def all_fields(model, index):
    base = model.classes[index].base
    return (all_fields(model, base) if base is not None else []) + model.classes[index].fields


def random_classes(pick):
    count = pick.randint(2, 7)
    classes = []
    inside = [pick.random() < 0.2 for _ in range(count)]
    for index in range(count):
        fields = []
        for n in range(pick.randint(1, 4)):
            target = pick.randrange(count)
            kinds = [kind for kind in FIELD_KINDS if is_any_pointer(kind)] if inside[target] else FIELD_KINDS
            fields.append(Field(f"f{index}_{n}_", pick.choice(kinds), target))
        base = pick.randrange(index) if index and pick.random() < 0.25 else None
        if base is not None and inside[base] != inside[index]:
            base = None
        classes.append(Class(f"C{index}", fields, base, polymorphic=pick.random() < 0.4, from_this=pick.random() < 0.2,
                             counted_inside=inside[index]))
    for derived in classes:  # a second enable_shared_from_this would be ambiguous, and nobody writes that
        if derived.base is not None:
            derived.from_this = False
        derived.second_base = derived.base is not None and pick.random() < 0.3
        derived.virtual_base = derived.base is not None and not derived.counted_inside and pick.random() < 0.3
        derived.alignment = 32 if pick.random() < 0.1 else 0
        derived.from_this &= not derived.counted_inside
    return classes


def random_references(pick, model):
    """Fills members at random. A class may point to a base of the referent's class, so targets are of the class or
    derived from it."""
    def is_a(index, wanted):
        return index is not None and (index == wanted or is_a(model.classes[index].base, wanted))

    density = pick.choice([0.3, 0.6, 0.9])
    for source, holder in enumerate(model.objects):
        for field in all_fields(model, holder.type):
            if pick.random() > density:
                continue
            choices = [n for n, target in enumerate(model.objects) if is_a(target.type, field.target)]
            for target in pick.sample(choices, min(len(choices), pick.randint(1, field.kind.capacity))):
                model.references.append(Reference(source, field, target))


def random_model(seed):
    pick = random.Random(seed)
    model = Model(seed, random_classes(pick), [], [], [], pick.choice(["Ref", "boost::intrusive_ptr"]),
                  in_thread=pick.random() < 0.25)
    for _ in range(pick.randint(3, 40)):
        lost = pick.randint(1, 3) if pick.random() < 0.04 else 0
        index = pick.randrange(len(model.classes))
        birth = COUNTED_INSIDE_BIRTH if model.classes[index].counted_inside else pick.choice(BIRTHS)
        model.objects.append(Object(index, birth, lost))
    random_references(pick, model)
    kinds = [kind for kind in ROOT_KINDS if not (model.in_thread and kind.name == "thread_local")]
    for n in range(pick.choice([0, 0, 1, 2, 4, 8])):
        target = pick.randrange(len(model.objects))
        inside = model.classes[model.objects[target].type].counted_inside
        model.roots.append(Root(f"root_{n}", pick.choice([kind for kind in kinds if is_any_pointer(kind) or not inside]),
                                target))
    return model


def play_releases(model):
    """The program lets go of its local variables; returns the objects that are never destroyed, with their counts."""
    held = collections.Counter(reference.target for reference in model.references if reference.field.kind.strength == "strong")
    held.update(root.target for root in model.roots if root.kind.strength == "strong")
    count = {n: 1 + held[n] + item.lost for n, item in enumerate(model.objects)}
    releases = list(count)
    while releases:
        released = releases.pop()
        count[released] -= 1
        if count[released] == 0:
            releases += [reference.target for reference in model.references
                         if reference.source == released and reference.field.kind.strength == "strong"]
    return {n: units for n, units in count.items() if units > 0}


def reach(starts, edges):
    seen, stack = set(starts), list(starts)
    while stack:
        for target in edges[stack.pop()]:
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return seen


def strong_cycles(objects, edges):
    """Strongly connected sets with a cycle, by their definition: who reaches whom both ways."""
    from_each = {n: reach(edges[n], edges) for n in objects}
    left, components = set(objects), []
    while left:
        n = min(left)
        component = {other for other in left if other in from_each[n] and n in from_each[other]}
        left -= component | {n}
        if component:
            components.append(component)
    return components


def truth_of(model):
    count = play_releases(model)
    survivors = set(count)
    every, owning = collections.defaultdict(set), collections.defaultdict(set)
    references = collections.defaultdict(collections.Counter)
    for reference in model.references:
        if reference.source in survivors and reference.target in survivors:
            strength = reference.field.kind.strength
            every[reference.source].add(reference.target)
            if strength == "strong":
                owning[reference.source].add(reference.target)
            references[reference.source, reference.target][strength] += 1
    seen = reach({root.target for root in model.roots if root.target in survivors}, every)
    owned_from = {root.target for root in model.roots if root.kind.strength == "strong"}
    owned_from |= {n for n in seen if model.objects[n].lost}  # an unknown holder may be alive: doubt errs towards alive
    alive = reach(owned_from & survivors, owning)
    dead = survivors - alive
    apart = {n for n in survivors if model.objects[n].birth.is_apart}
    raw_seen = {reference.target for reference in model.references
                if reference.field.kind.strength == "raw" and reference.source in seen}
    raw_seen |= {root.target for root in model.roots if root.kind.strength == "raw"}
    doubtful = reach(apart & raw_seen, every)
    cycles = strong_cycles(dead, {n: owning[n] & dead for n in survivors})
    in_cycle = set().union(*cycles) if cycles else set()
    cycles = [cycle for cycle in cycles if not cycle & doubtful]
    unseen = [cycle for cycle in cycles if not cycle & seen]
    return Truth(alive, unseen, [cycle for cycle in cycles if cycle & seen],
                 {n for n in dead - seen - in_cycle - doubtful if model.objects[n].lost}, survivors,
                 count, {n: model.objects[n].lost for n in survivors}, references, doubtful)
