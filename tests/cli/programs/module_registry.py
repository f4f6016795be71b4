"""Sessions in a variable of the module, three snapshots while it runs."""

import reftally

sessions = {}


class Session:
    def __init__(self, number):
        self.number = number


for _ in range(3):
    for number in range(200):
        sessions[len(sessions)] = Session(number)
    reftally.dump()
