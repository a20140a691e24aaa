"""The draw of an A/B test: which group a user is in.

The first 32 bits of SHA-256 over the salt and the user's key, modulo 10,000, are the
user's slot: the first `share_a` percent of the slots are group A, the next `share_b`
percent group B. `segmentation_slot` is the same in SQL. (10,000 does not divide 2^32:
the first slots are likelier by 2.3e-6 of themselves, far below what a test can see.)
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from segmentation.tree import Group

SLOTS = 10_000


def slot(user_key: int, *, salt: str) -> int:
    """Returns a user's place in a test's draw, 0 to 9,999; the key has 64 bits."""
    hashed = sha256(salt.encode() + user_key.to_bytes(8, "big", signed=True))
    return int.from_bytes(hashed.digest()[:4], "big") % SLOTS


@dataclass(frozen=True, slots=True)
class Draw:
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
        place = slot(user_key, salt=self.salt)
        return Group(sum(place >= edge for edge in self.edges))
