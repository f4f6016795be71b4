"""The same tree, with weak references to the parent."""

import weakref


class Node:
    def __init__(self):
        self.children = []
        self.parent = None


root = Node()
for _ in range(3):
    child = Node()
    child.parent = weakref.ref(root)
    root.children.append(child)
del child
