"""Signs tree heads as notes that any tool for transparency logs can check (C2SP tlog-checkpoint, signed-note)."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

from chassis.runtime import Runtime
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from archive.audit.verify import key_id
from archive.settings import ArchiveSettings

PART = "signer"


class Signer:
    """Holds the key of the log; `name` is the log's and the key's."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self.name = name
        self._key = key
        self._public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def of(cls, runtime: Runtime) -> Signer:
        """The signer of the process."""
        found: Signer = runtime.parts[PART]
        return found

    @classmethod
    def load(cls, name: str, path: Path, *, may_make: bool) -> Signer:
        """With the key in the file; ValueError when others can read it, or it holds no such key."""
        if may_make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            new = path.with_suffix(f".{os.getpid()}")
            new.touch(mode=0o600)
            new.write_bytes(made)
            with suppress(FileExistsError):
                os.link(new, path)  # whoever is first makes it
            new.unlink()
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ValueError(f"{path}: others can read the signing key; run chmod 600 on the file")
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path}: not an Ed25519 private key")
        return cls(name, key)

    @property
    def verifier_key(self) -> str:
        """What an auditor keeps to check heads: name, id and public key."""
        encoded = base64.b64encode(b"\x01" + self._public).decode()
        return f"{self.name}+{key_id(self.name, self._public).hex()}+{encoded}"

    def head(self, size: int, root: bytes, at: datetime) -> str:
        """A signed head: the log's name, its size, its root, when."""
        text = f"{self.name}\n{size}\n{base64.b64encode(root).decode()}\n{at.isoformat()}\n"
        signature = key_id(self.name, self._public) + self._key.sign(text.encode())
        return f"{text}\n— {self.name} {base64.b64encode(signature).decode()}\n"


@asynccontextmanager
async def signer(runtime: Runtime) -> AsyncIterator[None]:
    """The signer, while a process runs; without a key file (never in production) with a key of its own."""
    settings = runtime.settings
    assert isinstance(settings, ArchiveSettings)
    if settings.audit_key_file is None:
        runtime.parts[PART] = Signer(settings.audit_log_name, Ed25519PrivateKey.generate())
    else:
        may_make = settings.environment != "production"
        runtime.parts[PART] = Signer.load(settings.audit_log_name, settings.audit_key_file, may_make=may_make)
    yield
