"""Two people who know each other, one of them weakly."""

import weakref


class Person:
    def __init__(self, name):
        self.name = name
        self.friend = None


ada, grace = Person("Ada"), Person("Grace")
ada.friend, grace.friend = grace, weakref.ref(ada)
del ada, grace
