"""A list of a million results that a variable of the module still names."""

import reftally


def compute():
    return list(range(100_000))


results = compute()
print(sum(results))
reftally.expect_released(results, "summed up")
