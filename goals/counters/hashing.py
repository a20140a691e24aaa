"""Where a user is noted in a counter's filter: page, fingerprint and bits.

A filter is slices of pages, filled one after another, and a user has one place in each.
Everything here is integer arithmetic, the same on every machine, and pinned by golden
tests: `VERSION` is to be stored with every counter and changes with any of it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

VERSION = 1
PAGE_BYTES = 4096
PAGE_BITS = 8 * PAGE_BYTES
WORDS = 4
HASHES = 4 * WORDS  # bits per user

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEPS = np.arange(1, WORDS + 1, dtype=np.uint64) * _GOLDEN
_POSITION_SHIFTS = np.array((0, 15, 30, 45), np.uint64)


@dataclass(frozen=True)
class Layout:
    """How a filter grows: the pages of each slice, and the users each page is for.

    Fewer than 1,150 users leave some pages of a full slice lists, which its estimate
    cannot read; more of them make more errors.
    """

    slices: tuple[int, ...]
    users_per_page: int

    @cached_property
    def first_page(self) -> Ints:
        """Each slice's first page, then the number of all pages, `[slices + 1]`."""
        return np.cumsum((0, *self.slices))

    @cached_property
    def first_user(self) -> Ints:
        """How many users the slices before each are for, then all, `[slices + 1]`."""
        return self.first_page * self.users_per_page

    @cached_property
    def pages(self) -> int:
        """Pages of all slices."""
        return int(self.first_page[-1])

    @cached_property
    def capacity(self) -> int:
        """Users of all slices: with more, the filter is saturated."""
        return int(self.first_user[-1])


LAYOUT = Layout(slices=(1, 10, 100, 1000), users_per_page=1180)


def mix(values: Hashes) -> Hashes:
    """Scrambles 64-bit words: the finaliser of SplitMix64 (Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * _FACTORS[0]
    values = (values ^ (values >> np.uint64(27))) * _FACTORS[1]
    return values ^ (values >> np.uint64(31))


def salts(counters: Ints, *, layout: Layout = LAYOUT) -> Hashes:
    """Returns one word per counter and slice, `[c, slices]`: their errors then differ.

    A user falsely taken for seen by one counter is no likelier so by another.
    """
    steps = np.arange(1, len(layout.slices) + 1, dtype=np.uint64) * _GOLDEN
    own = mix(counters.astype(np.uint64) + _GOLDEN)
    return mix(own[:, np.newaxis] + steps)


def pages_and_fingerprints(
    users: Hashes, salt: Hashes, *, number: int, layout: Layout = LAYOUT
) -> tuple[Ints, Ints]:
    """Returns page (numbered over all slices) and 32-bit fingerprint of each user.

    `users` are user keys, `salt` is each pair's word for slice `number`. Page and
    fingerprint come from different halves of the hash, so they are independent.
    """
    hashed = mix(users ^ salt)
    page = ((hashed >> 32) * layout.slices[number]) >> 32
    fingerprint = hashed & 0xFFFFFFFF
    first_page = layout.first_page[number]
    return page.astype(np.int64) + first_page, fingerprint.astype(np.int64)


def positions(fingerprints: Ints, *, word: int) -> Ints:
    """Returns four of the bits a fingerprint has in its page, `[n, 4]`.

    Words 0 to 3 give all 16. Each is a fresh SplitMix64 output, each position 15 bits
    of its own: double hashing, though cheaper, misses the theoretical error here.
    """
    mixed = mix(fingerprints.astype(np.uint64) + _STEPS[word])
    bit_positions = (mixed[:, np.newaxis] >> _POSITION_SHIFTS) % PAGE_BITS
    return bit_positions.astype(np.int64)
