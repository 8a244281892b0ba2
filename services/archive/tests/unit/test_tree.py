"""The tree is that of RFC 9162, and its proofs are checked by a tool that shares no code with it."""

from __future__ import annotations

import hashlib

import pytest
from archive.audit.tree import Edge, consistency, empty_root, hash_of, inclusion, leaf_hash, node_hash, nodes_of
from archive.audit.verify import Wrong, verify_consistency, verify_inclusion
from hypothesis import given
from hypothesis import strategies as st

#: the vectors of RFC 6962's reference implementation, which RFC 9162 keeps
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
FIRST_OF_EIGHT = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]


def root_of(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


class Log:
    """A tree in memory: its nodes, as the database keeps them, and its root at every size."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.roots = [empty_root()]
        edge = Edge(0, [])
        for leaf in leaves:
            self.nodes |= {(level, n): found for level, n, found in edge.append([leaf_hash(leaf)])}
            self.roots.append(edge.root())

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return [hash_of(begin, end, self.nodes) for begin, end in inclusion(index, size)]

    def consistency(self, first: int, second: int) -> list[bytes]:
        return [hash_of(begin, end, self.nodes) for begin, end in consistency(first, second)]


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_standard(size: int) -> None:
    log = Log(LEAVES[:size])
    assert log.roots[-1].hex() == ROOTS[size] == root_of(LEAVES[:size]).hex()


def test_a_proof_is_that_of_the_standard() -> None:
    assert [step.hex() for step in Log(LEAVES).inclusion(0, 8)] == FIRST_OF_EIGHT


LOG = Log([str(n).encode() for n in range(300)])
sizes = st.integers(1, 300)


@given(size=sizes, data=st.data())
def test_every_inclusion_proof_verifies_and_no_changed_leaf_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = LOG.inclusion(index, size)
    assert len(proof) <= 9
    verify_inclusion(leaf_hash(str(index).encode()), index, size, proof, LOG.roots[size])
    with pytest.raises(Wrong):
        verify_inclusion(leaf_hash(b"changed"), index, size, proof, LOG.roots[size])
    with pytest.raises(Wrong):
        verify_inclusion(leaf_hash(str(index).encode()), index, size, [*proof, b"x" * 32], LOG.roots[size])
    if size > 1:
        elsewhere = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
        with pytest.raises(Wrong):
            verify_inclusion(leaf_hash(str(index).encode()), elsewhere, size, proof, LOG.roots[size])


@given(first=st.integers(0, 300), data=st.data())
def test_every_consistency_proof_verifies_and_no_rewritten_log_does(first: int, data: st.DataObject) -> None:
    second = data.draw(st.integers(max(first, 1), 300))
    proof = LOG.consistency(first, second)
    verify_consistency(first, second, proof, LOG.roots[first], LOG.roots[second])
    if 0 < first < second:
        other = Log([b"rewritten", *(str(n).encode() for n in range(1, second))])
        with pytest.raises(Wrong):
            verify_consistency(first, second, proof, LOG.roots[first], other.roots[second])
        with pytest.raises(Wrong):
            verify_consistency(first, second, other.consistency(first, second), LOG.roots[first], other.roots[second])
        with pytest.raises(Wrong):
            verify_consistency(first, second, proof[:-1], LOG.roots[first], LOG.roots[second])


@given(st.lists(st.binary(max_size=20), max_size=70), st.integers(0, 70))
def test_a_tree_that_is_taken_up_again_goes_on_as_if_it_had_never_stopped(leaves: list[bytes], at: int) -> None:
    begun = Log(leaves[:at])
    size = len(leaves[:at])
    edge = Edge(size, [begun.nodes[node] for node in nodes_of(0, size)])
    edge.append([leaf_hash(leaf) for leaf in leaves[at:]])
    assert edge.root() == root_of(leaves)


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
