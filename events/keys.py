"""Keyed hashes that stand for ids from the moment a request is read.

BLAKE2b (RFC 7693) with a key: without the secret, nobody can test whether an id is
in the data. The namespace is part of the key, so ids do not match across namespaces.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

SHARDS = 16


class Shard(NamedTuple):
    """One sixteenth of a namespace's users: what one worker counts at a time."""

    namespace_id: int
    number: int

    @property
    def parameters(self) -> dict[str, int]:
        """The shard as the statements take it."""
        return {"namespace_id": self.namespace_id, "shard": self.number}


@lru_cache(maxsize=1024)
def namespace_key(secret: str, namespace: str) -> bytes:
    """Returns the 32-byte key of a namespace."""
    master = blake2b(secret.encode(), digest_size=64).digest()
    return blake2b(namespace.encode(), key=master, digest_size=32).digest()


def user_key(user_id: str, *, key: bytes) -> int:
    """Returns the signed 64-bit key of a user, as PostgreSQL's bigint."""
    hashed = begun(key, 8, b"user").copy()
    hashed.update(user_id.encode())
    return int.from_bytes(hashed.digest(), "big", signed=True)


def event_hash(event_id: str, *, key: bytes) -> str:
    """Returns the hash, 32 hexadecimal digits, by which a repeat is recognised."""
    hashed = begun(key, 16, b"event").copy()
    hashed.update(event_id.encode())
    return hashed.hexdigest()


@lru_cache(maxsize=1024)
def begun(key: bytes, size: int, person: bytes) -> blake2b:
    """Returns a hash that has taken in its key: to copy it is half of the work."""
    return blake2b(key=key, digest_size=size, person=person)


def shard_number(key: int) -> int:
    """Returns the number of the shard, 0 to 15, that counts this user."""
    return key & (SHARDS - 1)
