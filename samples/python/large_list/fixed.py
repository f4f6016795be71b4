"""The list has no name that outlives its use."""

import reftally


def compute():
    return list(range(100_000))


def report():
    results = compute()
    print(sum(results))


report()
