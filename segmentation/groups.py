"""The allocation of an A/B test: which group a user is in.

A universal hash (Carter and Wegman, Universal classes of hash functions, 1979) of the
user's key, whose coefficients are SHA-256 of the salt, gives the user a slot from 0 to
9,999: the first `share_a` percent of the slots are group A, the next `share_b` percent
group B. It is a few multiplications, alike in Python and in SQL. The keys are uniform,
for they are keyed hashes themselves; so slots are, and those of two salts are
independent of each other.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256

from segmentation.tree import Group

SLOTS = 10_000
PRIME: int = 2**31 - 1
PIECE = 22  # bits of the key for each coefficient: no product leaves 64 bits


@lru_cache(maxsize=1024)
def coefficients(salt: str) -> tuple[int, ...]:
    """Returns four numbers below PRIME."""
    hashed = sha256(salt.encode()).digest()
    words = (hashed[start : start + 8] for start in range(0, 32, 8))
    return tuple(int.from_bytes(word, "big") % PRIME for word in words)


def slot(user_key: int, *, salt: str) -> int:
    """Returns a user's slot in a test, 0 to 9,999; the key has 64 bits."""
    low, middle, high, offset = coefficients(salt)
    mask: int = 2**PIECE - 1
    hashed = (
        low * (user_key & mask)
        + middle * (user_key >> PIECE & mask)
        + high * (user_key >> 2 * PIECE & mask)
        + offset
    )
    return hashed % PRIME % SLOTS


def slot_in_sql(*, salt: str) -> str:
    """Returns the same as an SQL expression over `user_key`."""
    low, middle, high, offset = coefficients(salt)
    mask: int = 2**PIECE - 1
    hashed = (
        f"{low} * (user_key & {mask}) + {middle} * (user_key >> {PIECE} & {mask})"
        f" + {high} * (user_key >> {2 * PIECE} & {mask}) + {offset}"
    )
    return f"mod(mod({hashed}, {PRIME}), {SLOTS})::int"


@dataclass(frozen=True, slots=True)
class Allocation:
    """What decides on the groups of a test; shares in percent."""

    name: str
    salt: str
    share_a: Decimal
    share_b: Decimal
    start_at: datetime
    end_at: datetime | None

    @property
    def edges(self) -> tuple[int, int]:
        """The first slots that are not in A, and not in B."""
        share = SLOTS // 100
        return int(self.share_a * share), int((self.share_a + self.share_b) * share)

    def group(self, user_key: int, *, at: datetime) -> Group:
        """Returns the group of a user at a time: outside the test's, neither."""
        if at < self.start_at or (self.end_at and at >= self.end_at):
            return Group.NEITHER
        slot_of_user = slot(user_key, salt=self.salt)
        return Group(sum(slot_of_user >= edge for edge in self.edges))
