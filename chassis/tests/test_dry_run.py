"""What is tried together: whatever touches the same thing, in its order, so many at a time."""

from __future__ import annotations

import pytest
from chassis.dry_run import together


@pytest.mark.parametrize(
    ("touched", "most", "portions"),
    [
        ([], 3, []),
        ([["a"], ["b"], ["a"]], 3, [[0, 2], [1]]),
        # by way of another: the third holds the first two together
        ([["a"], ["b"], ["b", "a"], ["c"]], 9, [[0, 1, 2], [3]]),
        ([["a", "b"], ["c", "d"], ["e"], ["d", "b"]], 9, [[0, 1, 3], [2]]),
        # what touches nothing is alone, also beside others that do not
        ([[], ["a"], []], 9, [[0], [1], [2]]),
        ([["a"]] * 5, 2, [[0, 1], [2, 3], [4]]),
    ],
)
def test_what_touches_the_same_is_tried_together(
    touched: list[list[str]], most: int, portions: list[list[int]]
) -> None:
    assert together(touched, most) == portions
