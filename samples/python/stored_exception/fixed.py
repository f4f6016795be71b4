"""The text of an error says what happened, and holds nothing."""

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
        errors.append(f"{type(error).__name__}: {error}")
    reftally.expect_released(request, "served")


for number in range(4):
    serve(Request(f"not a number: {number}"))
