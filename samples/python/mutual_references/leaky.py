"""Two people who know each other."""


class Person:
    def __init__(self, name):
        self.name = name
        self.friend = None


ada, grace = Person("Ada"), Person("Grace")
ada.friend, grace.friend = grace, ada
del ada, grace
