"""A callback that needs a number and captures the whole page."""

import reftally


class Page:
    def __init__(self, number):
        self.number = number
        self.pixels = bytearray(100_000)


callbacks = []


def on_click(page):
    callbacks.append(lambda: print("page", page.number))


for number in range(3):
    page = Page(number)
    on_click(page)
    reftally.expect_released(page, "page was turned")
del page
