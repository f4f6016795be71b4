"""The handler finds its button through a weak reference."""
import gc
import weakref

import button


class Submit(button.Button):
    def __init__(self):
        super().__init__()
        self.pressed = 0
        submit = weakref.WeakMethod(self.submit)
        self.on_press(lambda: submit()())

    def submit(self):
        self.pressed += 1


for _ in range(10):
    submit = Submit()
    submit.press()
del submit
gc.collect()
