"""What docs/reports shows of growth and of CPython's pools: six rounds of a service that keeps every seventh session and
a page for each path, and whose scratch data leaves holes."""

import collections
import gc
import json
import time

import reftally


class Session:
    def __init__(self, number):
        self.number = number
        self.buffer = bytearray(200)
        self.headers = {f"header {i}": "x" * (i + 5) for i in range(6)}


class Page:
    def __init__(self, path):
        self.path = path
        self.body = "x" * 300 + path


class Request:
    def __init__(self):
        self.handler = self.handle

    def handle(self):
        return self


class Server:
    def __init__(self):
        self.sessions = {}
        self.pages = {}
        self.log = collections.deque(maxlen=500)

    def serve(self, number):
        session = Session(number)
        if number % 7 == 0:
            self.sessions[number] = session
        self.pages[f"/user/{number}"] = Page(f"/user/{number}")
        self.log.append(json.loads(f'{{"user": {number}, "path": "/user/{number}"}}'))
        Request()


gc.set_threshold(9_000, 10, 10)
server = Server()
for round_number in range(6):
    scratch = [{"number": i, "text": str(i) * 3, "items": [i, i + 1]} for i in range(30_000)]
    server.log.append(scratch[::997])
    del scratch
    for number in range(2_000 + 300 * round_number):
        server.serve(round_number * 10_000 + number)
    time.sleep(0.2)
    reftally.dump()
