"""A cached property lives in the object itself, and goes with it."""

import functools

import reftally


class Parser:
    def __init__(self, text):
        self.text = text

    @functools.cached_property
    def words(self):
        return tuple(self.text.split())


for number in range(10):
    parser = Parser(f"text {number}")
    parser.words
    reftally.expect_released(parser, "parsed")
del parser
