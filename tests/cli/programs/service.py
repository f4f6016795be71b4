"""The service of service.cc in Python: three rounds, a snapshot after each; what the argument names stays for ever."""

import collections
import sys

import reftally

LINGERS = sys.argv[1]


class Session:
    def __init__(self, client, clock):
        self.client = client
        self.clock = clock
        self.buffer = bytearray(100)

    def on_tick(self):
        self.client += 0

    def open(self):
        self.clock.subscribe(self.on_tick)

    def close(self):
        if LINGERS != "listeners":
            self.clock.unsubscribe(self.on_tick)


class Clock:
    def __init__(self):
        self.listeners = []

    def subscribe(self, listener):
        self.listeners.append(listener)

    def unsubscribe(self, listener):
        self.listeners.remove(listener)


class Server:
    def __init__(self):
        self.clock = Clock()
        self.sessions = {}
        self.pages = {}
        self.log = collections.deque(maxlen=None if LINGERS == "log" else 50)

    def page(self, path):
        if LINGERS != "pages" and len(self.pages) >= 32:
            self.pages.pop(next(iter(self.pages)))
        return self.pages.setdefault(path, "x" * 300 + path)

    def serve(self, client):
        session = self.sessions[client] = Session(client, self.clock)
        session.open()
        self.page(f"/user/{client}")
        self.log.append(f"served /user/{client}")
        session.close()
        if LINGERS != "sessions":
            del self.sessions[client]


def main():
    server = Server()
    for number in range(3):
        for client in range(200):
            server.serve(number * 200 + client)
        reftally.dump()


main()
