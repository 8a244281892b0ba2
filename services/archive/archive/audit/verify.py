"""An auditor's tool: checks signed heads, inclusion and consistency proofs with nothing of the archive but this file.

`python -m archive.audit.verify KEY FILE…` checks answers of `/v1/audit/…` that were saved as files: `KEY` is the
verifier key that the auditor has kept (name+id+key), each FILE a head, an inclusion proof or a consistency proof.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(ValueError):
    """What was given does not prove what it says."""


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """`Wrong` unless the leaf stands at this index in the tree of this size and root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise Wrong("the index lies outside the tree")
    fn, sn, found = index, size - 1, leaf_hash
    for step in proof:
        if sn == 0:
            raise Wrong("the proof is too long")
        if fn & 1 or fn == sn:
            found = _node(step, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = _node(found, step)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or found != root:
        raise Wrong("the proof does not lead to the root")


def verify_consistency(first: int, second: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """`Wrong` unless the second tree is the first with leaves appended (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second:
        raise Wrong("the sizes are not in order")
    if first == second or first == 0:
        if proof or (first == second and old_root != new_root):
            raise Wrong("the roots differ at the same size")
        if first == 0 and old_root != hashlib.sha256().digest():
            raise Wrong("an empty tree has another root")
        return
    path = list(proof) if first & (first - 1) else [old_root, *proof]
    if not path:
        raise Wrong("the proof is too short")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for step in path[1:]:
        if sn == 0:
            raise Wrong("the proof is too long")
        if fn & 1 or fn == sn:
            old, new = _node(step, old), _node(step, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = _node(new, step)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or old != old_root or new != new_root:
        raise Wrong("the proof does not lead from the old root to the new one")


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hash_of(leaf: str) -> bytes:
    """The hash of an entry as it is served."""
    return hashlib.sha256(b"\x00" + leaf.encode()).digest()


@dataclass(frozen=True)
class Head:
    """What a signed head says."""

    log: str
    size: int
    root: bytes
    signed_at: str


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes by which a signature names its key (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def verify_head(note: str, verifier_key: str) -> Head:
    """What the head says, `Wrong` unless it is signed by the key (C2SP tlog-checkpoint, signed-note)."""
    try:
        name, identifier, encoded = verifier_key.split("+", 2)
        kind_and_key = base64.b64decode(encoded, validate=True)
        text, _, signatures = note.partition("\n\n")
        log, size, root, signed_at = (text + "\n").split("\n")[:4]
        head = Head(log, int(size), base64.b64decode(root, validate=True), signed_at)
    except (ValueError, binascii.Error) as error:
        raise Wrong("this is no head, or no verifier key") from error
    public = kind_and_key[1:]
    if kind_and_key[:1] != b"\x01" or key_id(name, public).hex() != identifier:
        raise Wrong("the verifier key is damaged")
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        who, _, signature = rest.partition(" ")
        if dash == "—" and who == name:
            try:
                raw = base64.b64decode(signature, validate=True)
                if raw[:4] == key_id(name, public):
                    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], (text + "\n").encode())
                    return head
            except (binascii.Error, ValueError, InvalidSignature):
                continue
    raise Wrong("the head is not signed by this key")


def check(answer: dict[str, Any], verifier_key: str) -> str:
    """One saved answer; what it proves, in words. `Wrong` when it does not."""
    if "first" in answer:
        old, new = verify_head(answer["first"], verifier_key), verify_head(answer["second"], verifier_key)
        verify_consistency(old.size, new.size, _hashes(answer["proof"]), old.root, new.root)
        return f"the log of {new.size} records begins with the log of {old.size}, unchanged"
    head = verify_head(answer["note"], verifier_key)
    if "proof" not in answer:
        return f"{head.size} records, signed at {head.signed_at}"
    found = leaf_hash_of(answer["leaf"])
    verify_inclusion(found, answer["index"], head.size, _hashes(answer["proof"]), head.root)
    return f"record {answer['index']} is in the log of {head.size} records"


def _hashes(proof: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in proof]


def main(arguments: Sequence[str]) -> int:
    """Check each file; 1 when one of them proves nothing."""
    if len(arguments) < 2:
        sys.stderr.write("usage: python -m archive.audit.verify KEY FILE…\n")
        return 2
    failed = False
    for name in arguments[1:]:
        try:
            sys.stdout.write(f"{name}: {check(json.loads(Path(name).read_text()), arguments[0])}\n")
        except (Wrong, KeyError, TypeError, ValueError, OSError) as error:
            failed = True
            sys.stdout.write(f"{name}: NOT PROVED: {error}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
