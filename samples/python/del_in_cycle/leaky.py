"""A connection that closes itself, in a cycle with the session that uses it."""


class Session:
    def __init__(self):
        self.connection = Connection(self)


class Connection:
    def __init__(self, session):
        self.session = session

    def __del__(self):
        self.closed = True


for _ in range(5):
    Session()
