"""Four rounds, a snapshot after each: a registry of sessions with a hostile name, and garbage that nobody collects.
With "many" one round, in more pools than the page draws. Usage: growing_service.py [many]"""

import gc
import sys

import reftally

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
Session = type(HOSTILE, (), {"__init__": lambda self: setattr(self, "buffer", "x" * 200)})


class Node:
    def __init__(self):
        self.me = self


class Server:
    def __init__(self):
        self.sessions = {}
        self.texts = []


gc.disable()
server = Server()
many = sys.argv[1:] == ["many"]
if many:
    texts = [str(number).ljust(440) for number in range(150_000)]  # 80 MB, of which a few in each arena stay
    server.texts = [text for number, text in enumerate(texts) if number % 400 == 0 or number > 100_000]
    del texts
for round_number in range(1 if many else 4):
    for number in range(200):
        server.sessions[round_number, number] = Session()
        Node()
    if round_number == 2:
        gc.collect()
    reftally.dump()
