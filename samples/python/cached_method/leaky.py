"""A method with a cache: the cache belongs to the class and holds every self."""

import functools

import reftally


class Parser:
    def __init__(self, text):
        self.text = text

    @functools.lru_cache(maxsize=None)
    def words(self):
        return tuple(self.text.split())


for number in range(10):
    parser = Parser(f"text {number}")
    parser.words()
    reftally.expect_released(parser, "parsed")
del parser
