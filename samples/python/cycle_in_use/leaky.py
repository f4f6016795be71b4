"""A cycle that a variable still holds: nothing is wrong with it."""


class Node:
    def __init__(self):
        self.children = []
        self.parent = None


root = Node()
for _ in range(3):
    child = Node()
    child.parent = root
    root.children.append(child)
del child
