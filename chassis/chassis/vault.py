"""The vault: sealed files in an object store. What goes in is encrypted while it streams; a cut file does not open.

A service that keeps files asks for `kehu-chassis[vault]`, has `VaultSettings`, and `vault` among its parts.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, MemoryStore, from_url
from pydantic import Field, model_validator
from tink import TinkError, proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from chassis.problems import Problem
from chassis.runtime import Runtime
from chassis.settings import Settings

PART = "vault"
PIECE = 64 * 1024
_KEY_TYPE = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


class VaultSettings(Settings):
    """Settings of a service that keeps files: `KEHU_BLOB_STORE`."""

    blob_store: str = Field(
        "memory://", description="where sealed files lie: a folder, or s3://bucket/prefix; memory:// in tests"
    )

    @model_validator(mode="after")
    def _lasting_in_production(self) -> Self:
        if self.environment == "production" and self.blob_store == "memory://":
            raise ValueError("production needs KEHU_BLOB_STORE")
        return self


class Damaged(Problem):
    """A sealed file does not open: it was cut, altered, moved, or is gone. Its runbook is the archive's README."""

    title = "The file is damaged"
    zh = "文件已损坏，无法打开。请报告系统管理员，并告知追踪号。"


class Watched(Protocol):
    """Looks at clear text as it passes and when it has ended, and raises to stop it."""

    def take(self, piece: bytes) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True)
class Stored:
    """What was written: SHA-256 and size of the clear text, SHA-256 of the ciphertext."""

    sha256: bytes
    size: int
    sealed_sha256: bytes


class Vault:
    """The store of one process. Only ciphertext is ever handed to it."""

    def __init__(self, address: str) -> None:
        streaming_aead.register()
        self.folder: Path | None = None
        scheme = urlsplit(address).scheme
        if not scheme:
            self.folder = Path(address)
            self.folder.mkdir(parents=True, exist_ok=True)
            self._store: Any = LocalStore(self.folder)
        else:
            self._store = MemoryStore() if scheme == "memory" else from_url(address)

    @classmethod
    def of(cls, runtime: Runtime) -> Vault:
        """The vault of the process."""
        found: Vault = runtime.parts[PART]
        return found

    async def put(self, place: str, key: bytes, bound_to: str, pieces: AsyncIterator[bytes], watch: Watched) -> Stored:
        """Seal what streams in under `place`; nothing is there before all of it is, and nothing when it fails.

        The file opens only with the same key and `bound_to`. Whatever `watch` or the stream raises stops it.
        """
        clear, sealed = hashlib.sha256(), hashlib.sha256()
        size = 0
        sink = _Sink()
        writer = _primitive(key).new_encrypting_stream(sink, bound_to.encode())

        failure: Exception | None = None

        async def ciphertext() -> AsyncIterator[bytes]:
            nonlocal size, failure
            try:
                async for piece in pieces:
                    watch.take(piece)
                    clear.update(piece)
                    size += len(piece)
                    writer.write(piece)
                    if waiting := sink.drain():
                        sealed.update(waiting)
                        yield waiting
                watch.end()
            except Exception as error:
                failure = error
                raise
            writer.close()
            rest = sink.drain()
            sealed.update(rest)
            yield rest

        try:
            await obstore.put_async(self._store, place, ciphertext())
        except Exception:
            if failure is not None:
                raise failure from None
            raise
        return Stored(clear.digest(), size, sealed.digest())

    async def open(self, place: str, key: bytes, bound_to: str) -> AsyncIterator[bytes]:
        """The clear text, piece by piece; the first piece has been opened when this returns.

        `Damaged` as soon as a piece does not open, at the latest where the file was cut.
        """
        try:
            source = _Source(await asyncio.to_thread(obstore.open_reader, self._store, place))
        except (NotFoundError, FileNotFoundError) as error:
            raise Damaged("The file is not where it was put. Tell the operators.") from error
        reader = _Reading(source, key, bound_to)
        first = await reader.next()

        async def clear() -> AsyncIterator[bytes]:
            piece = first
            while piece:
                yield piece
                piece = await reader.next()

        return clear()

    async def discard(self, place: str) -> None:
        """Remove a file, and what a process that died while writing it has left."""
        with suppress(NotFoundError, FileNotFoundError):
            await obstore.delete_async(self._store, place)
        if self.folder is not None:
            at = self.folder / place
            for left in await asyncio.to_thread(lambda: list(at.parent.glob(f"{at.name}#*"))):
                left.unlink(missing_ok=True)


@asynccontextmanager
async def vault(runtime: Runtime) -> AsyncIterator[None]:
    """The vault, while a process runs."""
    assert isinstance(runtime.settings, VaultSettings)
    runtime.parts[PART] = Vault(runtime.settings.blob_store)
    yield


def _primitive(key: bytes) -> streaming_aead.StreamingAead:
    """Tink's streaming AEAD (AES-256-GCM in segments, each bound to its place and the last one marked)."""
    streaming = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        version=0,
        params=aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
            ciphertext_segment_size=PIECE, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
        ),
        key_value=key,
    )
    data = tink_pb2.KeyData(
        type_url=_KEY_TYPE, value=streaming.SerializeToString(), key_material_type=tink_pb2.KeyData.SYMMETRIC
    )
    one = tink_pb2.Keyset.Key(
        key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW
    )  # fmt: skip
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[one])
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    found: streaming_aead.StreamingAead = handle.primitive(streaming_aead.StreamingAead)
    return found


class _Sink(io.RawIOBase):
    """Where ciphertext comes out, to be taken away after each piece."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._waiting += piece
        return len(piece)

    def drain(self) -> bytes:
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting


class _Source(io.RawIOBase):
    """Ciphertext from the store, read by a thread that may wait for it."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(size))


class _Reading:
    def __init__(self, source: _Source, key: bytes, bound_to: str) -> None:
        self._stream = _primitive(key).new_decrypting_stream(source, bound_to.encode())

    async def next(self) -> bytes:
        try:
            return bytes(await asyncio.to_thread(self._stream.read, PIECE))
        except TinkError as error:
            raise Damaged("The file was cut or altered. Tell the operators.") from error
