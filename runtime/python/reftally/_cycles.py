"""Garbage that only the cycle collector can free, told as the rings it is made of."""

import gc

from reftally._names import object_name, reference_name

_RING = 8  # steps told of one ring


def take_garbage():
    """Runs the collector and returns what it found instead of freeing it; the caller lets go of it."""
    flags = gc.get_debug()
    kept = gc.garbage[:]
    gc.garbage.clear()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        found = gc.garbage[:]
    finally:
        gc.set_debug(flags)
        gc.garbage[:] = kept
    return found


def components(objects):
    """Strongly connected components of more than one object, or of one that refers to itself (R. Tarjan, 1972)."""
    index_of = {id(obj): number for number, obj in enumerate(objects)}
    edges = [[index_of[id(to)] for to in gc.get_referents(obj) if id(to) in index_of] for obj in objects]
    order, low, on_stack = {}, {}, set()
    stack, found = [], []
    for start in range(len(objects)):
        if start in order:
            continue
        work = [(start, iter(edges[start]))]
        order[start] = low[start] = len(order)
        stack.append(start)
        on_stack.add(start)
        while work:
            at, targets = work[-1]
            for to in targets:
                if to not in order:
                    order[to] = low[to] = len(order)
                    stack.append(to)
                    on_stack.add(to)
                    work.append((to, iter(edges[to])))
                    break
                if to in on_stack:
                    low[at] = min(low[at], order[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == order[at]:
                    members = []
                    while not members or members[-1] != at:
                        members.append(stack.pop())
                        on_stack.discard(members[-1])
                    if len(members) > 1 or at in edges[at]:
                        found.append([objects[i] for i in members])
    return found


def ring_of(component):
    """Objects of a shortest ring through the component's first object."""
    members = {id(obj): obj for obj in component}
    start = component[0]
    came_from, queue = {id(start): None}, [start]
    for at in queue:
        for to in gc.get_referents(at):
            if to is start:
                ring = [at]
                while came_from[id(ring[-1])] is not None:
                    ring.append(came_from[id(ring[-1])])
                return ring[::-1]
            if id(to) in members and id(to) not in came_from:
                came_from[id(to)] = at
                queue.append(to)
    return [start]


def ring_text(component):
    """"app.Node.parent -> app.Node.children -> list[] -> app.Node": namespaces read as the attributes they hold."""
    ring = ring_of(sorted(component, key=_namespaces_last))
    steps, skip = [], False
    for number, obj in enumerate(ring):
        if skip:
            skip = False
            continue
        following = ring[(number + 1) % len(ring)]
        if type(following) is dict and getattr(obj, "__dict__", None) is following and number + 1 < len(ring):
            target = ring[(number + 2) % len(ring)]
            steps.append(f"{object_name(obj)}.{_key_of(following, target)}")
            skip = True
        else:
            steps.append(object_name(obj) + reference_name(obj, following))
    if len(steps) > _RING:
        steps = steps[:_RING] + [f"... {len(steps) - _RING} more"]
    return " -> ".join(steps + [object_name(ring[0])])


def _namespaces_last(obj):
    # Not hasattr(obj, "__dict__"): asking for it would make one, and the ring would go through it.
    return (type(obj) is dict, not type(obj).__dictoffset__, object_name(obj))


def _key_of(namespace, target):
    for key, value in namespace.items():
        if value is target:
            return key
    return "?"
