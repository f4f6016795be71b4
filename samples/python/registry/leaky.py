"""Sessions that are closed, and still listed by a module variable."""

import reftally

ALL = {}


class Session:
    def __init__(self, number):
        self.number = number
        ALL[number] = self

    def close(self):
        reftally.expect_released(self, "closed")


for number in range(20):
    Session(number).close()
