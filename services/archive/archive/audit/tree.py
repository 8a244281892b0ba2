"""The shape of the log as a Merkle tree (RFC 9162, 2.1): which stored subtrees a root or a proof is made of.

Stored are only roots of complete subtrees: node (level, n) covers the leaves n·2^level … (n+1)·2^level − 1. Every
range of the tree is a few of them, so that a proof is a query of O(log size) rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

#: (level, n)
Node = tuple[int, int]


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an interior node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def empty_root() -> bytes:
    """The root of a tree without leaves."""
    return hashlib.sha256().digest()


def nodes_of(begin: int, end: int) -> list[Node]:
    """The complete subtrees that make up a range of the tree, left to right; `begin` as the tree itself would split."""
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def hash_of(begin: int, end: int, known: Mapping[Node, bytes]) -> bytes:
    """The hash of a range, from its complete subtrees."""
    hashes = [known[node] for node in nodes_of(begin, end)]
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found


def inclusion(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges whose hashes prove that a leaf is in the tree of this size, from the leaf upwards (2.1.3.1)."""
    begin, end, found = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency(first: int, second: int) -> list[tuple[int, int]]:
    """The ranges whose hashes prove that the tree of size `second` begins with that of size `first` (2.1.4.1)."""
    if first in (0, second):
        return []
    begin, end, whole, found = 0, second, True, []
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin, whole = middle, False
    return ([] if whole else [(begin, end)]) + found[::-1]


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


class Edge:
    """The right edge of a growing tree: what is needed of it to append leaves, and the nodes they complete."""

    def __init__(self, size: int, hashes: Sequence[bytes]) -> None:
        """`hashes` are those of `nodes_of(0, size)`."""
        self.size = size
        self._hashes = list(hashes)

    def append(self, leaves: Iterable[bytes]) -> list[tuple[int, int, bytes]]:
        """Append hashes of leaves; every node that is complete now, as level, n, hash."""
        made = []
        for leaf in leaves:
            made.append((0, self.size, leaf))
            n, level = self.size, 0
            self._hashes.append(leaf)
            while n & 1:
                right, left = self._hashes.pop(), self._hashes.pop()
                n, level = n >> 1, level + 1
                self._hashes.append(node_hash(left, right))
                made.append((level, n, self._hashes[-1]))
            self.size += 1
        return made

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._hashes:
            return empty_root()
        found = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            found = node_hash(left, found)
        return found
