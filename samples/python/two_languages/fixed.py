"""The handler finds its session through a weak reference."""
import gc
import weakref

import hub


class Session:
    def __init__(self):
        self.received = []
        self.hub = hub.Hub()
        receive = weakref.WeakMethod(self.receive)
        self.hub.on_message(lambda message: receive()(message))

    def receive(self, message):
        self.received.append(message)


for _ in range(10):
    session = Session()
    session.hub.send(1)
del session
gc.collect()
