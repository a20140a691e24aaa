"""Pages of 4 KiB: sets of 32-bit fingerprints that never lose one.

A page begins as the sorted list of its fingerprints and becomes a Bloom filter, a
bitmap of 32,768 bits, when that is the shorter form: after 1,023 of them. Stored, a
list is little-endian 32-bit words and a bitmap is 4,096 bytes, bit `i` being bit
`i % 8` of byte `i // 8`; the two differ by their length.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from goals.counters.hashing import PAGE_BYTES, WORDS, Ints, positions

Bools = NDArray[np.bool_]

_LIST_LIMIT = PAGE_BYTES // 4 - 1
_END = np.iinfo(np.int64).max  # closes the entries, so that every search lands on one


class Pages:
    """A working set of pages, each known by its slot, a number below 2**31."""

    def __init__(self, *, slots: int) -> None:
        """Begins with `slots` empty pages; an empty page takes no room."""
        self._entries: Ints = np.array([_END])  # of lists: slot << 32 | fingerprint
        self._bitmaps = np.zeros((0, PAGE_BYTES), np.uint8)
        self._bits_loaded: Ints = np.zeros(0, np.int64)
        self._slot_of: Ints = np.zeros(0, np.int64)
        self._bitmap_of = np.full(slots, -1, np.int64)
        self._changed = np.zeros(slots, np.bool_)

    def load(self, *, slots: Ints, contents: Sequence[bytes]) -> None:
        """Fills empty pages with stored contents; ValueError if one is not a page."""
        lengths = np.fromiter(map(len, contents), np.int64, len(contents))
        if (lengths % 4).any() or (lengths > PAGE_BYTES).any():
            raise ValueError("stored content is not a page")
        full = lengths == PAGE_BYTES
        bitmaps = b"".join(
            content for content in contents if len(content) == PAGE_BYTES
        )
        lists = b"".join(content for content in contents if len(content) != PAGE_BYTES)
        self._open(
            slots[full], np.frombuffer(bitmaps, np.uint8).reshape(-1, PAGE_BYTES)
        )
        fingerprints = np.frombuffer(lists, "<u4").astype(np.int64)
        self._insert(np.repeat(slots[~full], lengths[~full] // 4) << 32 | fingerprints)

    def contain(self, slots: Ints, fingerprints: Ints) -> Bools:
        """Tells which fingerprints look noted in their pages, `[n]`."""
        bitmaps = self._bitmap_of[slots]
        listed = bitmaps < 0
        entries = slots[listed] << 32 | fingerprints[listed]
        noted = np.empty(len(slots), np.bool_)
        noted[listed] = (
            self._entries[np.searchsorted(self._entries, entries)] == entries
        )
        noted[~listed] = self._are_set(bitmaps[~listed], fingerprints[~listed])
        return noted

    def note(self, slots: Ints, fingerprints: Ints) -> None:
        """Notes fingerprints in their pages; the order makes no difference."""
        self._changed[slots] = True
        bitmaps = self._bitmap_of[slots]
        listed = bitmaps < 0
        self._set(bitmaps[~listed], fingerprints[~listed])
        self._insert(slots[listed] << 32 | fingerprints[listed])
        self._promote(np.unique(slots[listed]))

    def changed(self) -> tuple[Ints, list[bytes]]:
        """Returns the slots of the pages noted in, ascending, and their contents."""
        slots = np.flatnonzero(self._changed)
        starts, stops = (4 * self._ends(slots)).tolist()
        lists = (self._entries & 0xFFFFFFFF).astype("<u4").tobytes()
        spans = zip(self._bitmap_of[slots].tolist(), starts, stops, strict=True)
        return slots, [
            lists[start:stop] if bitmap < 0 else self._bitmaps[bitmap].tobytes()
            for bitmap, start, stop in spans
        ]

    def bits_gained(self) -> tuple[Ints, Ints]:
        """Returns the slots of bitmaps and how many bits each gained since loaded."""
        return self._slot_of, _popcount(self._bitmaps) - self._bits_loaded

    def _open(self, slots: Ints, bitmaps: NDArray[np.uint8]) -> None:
        self._bitmap_of[slots] = np.arange(len(slots)) + len(self._bitmaps)
        self._bitmaps = np.concatenate((self._bitmaps, bitmaps))
        self._bits_loaded = np.append(self._bits_loaded, _popcount(bitmaps))
        self._slot_of = np.append(self._slot_of, slots)

    def _insert(self, entries: Ints) -> None:
        if not entries.size:
            return
        merged = np.sort(np.append(self._entries, entries), kind="stable")
        self._entries = merged[np.diff(merged, prepend=-1) > 0]

    def _ends(self, slots: Ints) -> Ints:
        """Returns where each slot's entries start and stop, `[2, n]`."""
        return np.searchsorted(self._entries, np.stack((slots, slots + 1)) << 32)

    def _promote(self, slots: Ints) -> None:
        """Turns lists that have become longer than a bitmap into bitmaps."""
        starts, stops = self._ends(slots)
        slots = slots[stops - starts > _LIST_LIMIT]
        if not slots.size:
            return
        self._open(slots, np.zeros((len(slots), PAGE_BYTES), np.uint8))
        bitmaps = self._bitmap_of[self._entries[:-1] >> 32]
        moving = np.append(bitmaps >= 0, False)
        self._set(bitmaps[moving[:-1]], self._entries[moving] & 0xFFFFFFFF)
        self._entries = self._entries[~moving]

    def _set(self, bitmaps: Ints, fingerprints: Ints) -> None:
        cells = self._bitmaps.reshape(-1)
        for word in range(WORDS):
            bits = positions(fingerprints, word=word)
            masks = (1 << (bits & 7)).astype(np.uint8)
            np.bitwise_or.at(cells, _cells(bitmaps, bits), masks)

    def _are_set(self, bitmaps: Ints, fingerprints: Ints) -> Bools:
        """Tests four bits of all, then of those that passed: few strangers do."""
        cells = self._bitmaps.reshape(-1)
        rest = np.arange(len(bitmaps))
        for word in range(WORDS):
            at = positions(fingerprints[rest], word=word)
            bits = cells[_cells(bitmaps[rest], at)] >> (at & 7).astype(np.uint8)
            rest = rest[(bits & 1).all(axis=1)]
        all_set = np.zeros(len(bitmaps), np.bool_)
        all_set[rest] = True
        return all_set


def _cells(bitmaps: Ints, bits: Ints) -> Ints:
    """Returns which byte of all bitmaps, end to end, each bit is in, `[n, bits]`."""
    return bitmaps[:, np.newaxis] * PAGE_BYTES + (bits >> 3)


def _popcount(bitmaps: NDArray[np.uint8]) -> Ints:
    counts: Ints = np.bitwise_count(bitmaps.view(np.uint64)).sum(axis=1, dtype=np.int64)
    return counts
