"""An error kept for later keeps the frames it went through, and all their variables."""

import reftally

errors = []


class Request:
    def __init__(self, body):
        self.body = body


def handle(request):
    payload = request
    return int(payload.body)


def serve(request):
    try:
        handle(request)
    except ValueError as error:
        errors.append(error)
    reftally.expect_released(request, "served")


for number in range(4):
    serve(Request(f"not a number: {number}"))
