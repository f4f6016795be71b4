"""A connection that is closed by a with statement and knows its session weakly."""

import weakref


class Session:
    def __init__(self):
        self.connection = Connection(self)


class Connection:
    def __init__(self, session):
        self.session = weakref.ref(session)

    def __del__(self):
        self.closed = True


for _ in range(5):
    Session()
