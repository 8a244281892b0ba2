"""Seals personal data: every subject has a data key of its own, kept under a master key that never leaves memory."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE = 12
_KEY = 32


class Unreadable(ValueError):
    """A ciphertext that does not open here: another row's, another key's, or damaged."""


class MasterKeys:
    """Wraps data keys. The current key wraps; older ones still open what they wrapped."""

    def __init__(self, current: str, keys: dict[str, bytes]) -> None:
        if current not in keys:
            raise ValueError("master keys: the current key is not among the keys")
        if any(len(key) != _KEY for key in keys.values()) or any(len(name) > 255 for name in keys):
            raise ValueError(f"master keys: each key must have {_KEY} bytes")
        self._current = current
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}

    @classmethod
    def load(cls, path: Path) -> MasterKeys:
        """From a file `{"current": "m1", "keys": {"m1": "<base64>"}}` that only its owner can read."""
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ValueError(f"{path}: others can read the master keys; run chmod 600 on the file")
        try:
            content = json.loads(path.read_text())
            keys = {name: base64.b64decode(key, validate=True) for name, key in content["keys"].items()}
            current = str(content["current"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{path}: not a file of master keys ({type(error).__name__})") from None
        return cls(current, keys)

    def wrap(self, secret: bytes, bound_to: str) -> bytes:
        """The secret under the current master key; it only opens for the same `bound_to`."""
        name = self._current.encode()
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._current].encrypt(nonce, secret, bound_to.encode())
        return _VERSION + bytes([len(name)]) + name + nonce + sealed

    def unwrap(self, wrapped: bytes, bound_to: str) -> bytes:
        """What `wrap` was given; `Unreadable` when it was bound to something else or its key is gone."""
        if wrapped[:1] != _VERSION or len(wrapped) < 2:
            raise Unreadable("a wrapped key is damaged")
        end = 2 + wrapped[1]
        cipher = self._ciphers.get(wrapped[2:end].decode("utf-8", "replace"))
        if cipher is None:
            raise Unreadable("a wrapped key belongs to a master key that is not here")
        try:
            return cipher.decrypt(wrapped[end : end + _NONCE], wrapped[end + _NONCE :], bound_to.encode())
        except (InvalidTag, ValueError):
            raise Unreadable("a wrapped key is damaged or belongs to someone else") from None


def new_data_key() -> bytes:
    """A key for one subject."""
    return os.urandom(_KEY)


def derived(data_key: bytes, purpose: str) -> bytes:
    """Another key from a data key (HKDF-SHA-256): whoever holds it learns nothing of the data key."""
    return HKDF(hashes.SHA256(), _KEY, salt=None, info=purpose.encode()).derive(data_key)


def aad(service: str, table: str, identifier: str) -> str:
    """What a ciphertext is bound to: the row it was sealed for."""
    return f"{service}:{table}:{identifier}"


def seal(data_key: bytes, value: dict[str, Any], bound_to: str) -> bytes:
    """The value as one ciphertext (AES-256-GCM over its JSON) that only opens for the same `bound_to`."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + AESGCM(data_key).encrypt(nonce, orjson.dumps(value), bound_to.encode())


def unseal(data_key: bytes, sealed: bytes, bound_to: str) -> dict[str, Any]:
    """The value again; `Unreadable` when the ciphertext was moved, cut or altered."""
    if sealed[:1] != _VERSION:
        raise Unreadable("a sealed value is damaged")
    try:
        clear = AESGCM(data_key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], bound_to.encode())
    except (InvalidTag, ValueError):
        raise Unreadable("a sealed value is damaged or belongs to another row") from None
    value: dict[str, Any] = orjson.loads(clear)
    return value
