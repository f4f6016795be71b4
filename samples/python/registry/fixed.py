"""Sessions that are listed only as long as somebody uses them."""

import weakref

import reftally

ALL = weakref.WeakValueDictionary()


class Session:
    def __init__(self, number):
        self.number = number
        ALL[number] = self

    def close(self):
        reftally.expect_released(self, "closed")


for number in range(20):
    Session(number).close()
