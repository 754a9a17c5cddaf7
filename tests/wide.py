"""Which tests are wide: further cases of a test that many cases go through; the others are marked one by one."""

from collections import Counter

import pytest

APART = 20
"""Of so many cases one is fast: the first, the 21st, and so on."""


@pytest.hookimpl(tryfirst=True)  # Before pytest chooses by marks.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each case with a database fills one anew, so the further cases of a test are left to `make test`.

    So are those of tests without one that carry the mark `sweep`.
    """
    seen: Counter[str] = Counter()
    for item in items:
        if not hasattr(item, "callspec") or not ("databases" in item.fixturenames or item.get_closest_marker("sweep")):
            continue
        name = item.nodeid.partition("[")[0]
        if seen[name] % APART:
            item.add_marker("wide")
        seen[name] += 1
