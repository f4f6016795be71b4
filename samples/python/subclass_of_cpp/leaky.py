"""A Python class derives from one of C++, and gives a method of its own to it."""
import gc

import button


class Submit(button.Button):
    def __init__(self):
        super().__init__()
        self.pressed = 0
        self.on_press(self.submit)

    def submit(self):
        self.pressed += 1


for _ in range(10):
    submit = Submit()
    submit.press()
del submit
gc.collect()  # sees no more than that somebody holds the method
