"""A C++ object keeps the Python function it was given; the function's object keeps the C++ object."""
import gc

import hub


class Session:
    def __init__(self):
        self.received = []
        self.hub = hub.Hub()
        self.hub.on_message(self.receive)

    def receive(self, message):
        self.received.append(message)


for _ in range(10):
    session = Session()
    session.hub.send(1)
del session
gc.collect()  # sees no more than that somebody holds the method
