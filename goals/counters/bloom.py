"""The filters that know which users a counter has seen: one shard, many counters.

A filter is a scalable Bloom filter (Almeida et al. 2007) of blocks (Putze et al. 2007):
four slices of pages, filled one after another. Why these sizes: young pages are lists
of 4 bytes per user, so opening a slice wastes nothing and each can be ten times the
last; and few slices leave each a large share of the error of 1e-5. At 1,180 users per
page a full slice errs 2.2e-6; 3.5 bytes per user when full, at no fill above 4.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from goals.counters.filter_pages import Bools, Pages
from goals.counters.hashing import (
    LAYOUT,
    Hashes,
    Ints,
    Layout,
    pages_and_fingerprints,
    salts,
)


class Addresses(NamedTuple):
    """Pages in the database, `[p]` each: the counter's id and the page's number."""

    counters: Ints
    pages: Ints


class Filters:
    """The filters of some counters in one shard, as far as a batch touches them.

    `load` the pages that are `needed`, ask `contains`, `add`, then store `changed`,
    `user_count` and `bits_set`. A pair is a user (uint64 user key) and a counter
    (`rows`: its position in `counters`).
    """

    def __init__(
        self,
        *,
        counters: Ints,
        user_count: Ints,
        bits_set: Ints,
        layout: Layout = LAYOUT,
    ) -> None:
        """Takes the ids, ascending, and the states of all counters, `[c]` each.

        ValueError if the ids do not ascend.
        """
        if (np.diff(counters) <= 0).any():
            raise ValueError("counters must be distinct and in ascending order")
        self.counters = counters
        self.user_count = user_count.copy()
        self._user_count_before = user_count
        self._bits_set = bits_set
        self._layout = layout
        self._salts = salts(counters, layout=layout)
        self._pages = Pages(slots=len(counters) * layout.pages)
        opened = layout.first_page[self._opened(), np.newaxis]
        closed = np.arange(layout.pages) >= opened
        self._known = closed.reshape(-1)  # slots: loaded, or nothing can be stored

    def needed(self, *, users: Hashes, rows: Ints) -> Addresses:
        """Returns the pages to load before these pairs are looked up, in order.

        Pages loaded before are left out, and so are slices that are not yet open:
        nothing can be stored there, whatever this batch will add.
        """
        wanted = np.zeros_like(self._known)
        for number, pairs in self._by_slice(rows):
            slots, _ = self._slots_and_fingerprints(number, users[pairs], rows[pairs])
            wanted[slots] = True
        return self._addresses(np.flatnonzero(wanted > self._known))

    def load(
        self, *, wanted: Addresses, stored: Addresses, contents: Sequence[bytes]
    ) -> None:
        """Takes the contents of those needed pages that are stored; others are empty.

        ValueError if a content cannot be a page.
        """
        self._known[self._slots(wanted)] = True
        self._pages.load(slots=self._slots(stored), contents=contents)

    def contains(self, *, users: Hashes, rows: Ints) -> Bools:
        """Tells which pairs look seen, `[n]`: all that were, and 1e-5 of the others.

        LookupError if a needed page has not been loaded.
        """
        seen = np.zeros(len(users), np.bool_)
        for number, pairs in self._by_slice(rows):
            rest = pairs[~seen[pairs]]
            slots, fingerprints = self._slots_and_fingerprints(
                number, users[rest], rows[rest]
            )
            if not self._known[slots].all():
                raise LookupError("a page that is needed has not been loaded")
            seen[rest] = self._pages.contain(slots, fingerprints)
        return seen

    def add(self, *, users: Hashes, rows: Ints) -> Bools:
        """Adds distinct pairs in order of arrival and tells which looked new, `[n]`.

        All are compared with the filters as they were before. A counter's new users
        fill its slices in order, so a batch may be cut anywhere with the same result,
        but for the chance (1e-5) that a user looks like an earlier one of its batch.
        """
        new = ~self.contains(users=users, rows=rows)
        users, rows = users[new], rows[new]
        ends = self._layout.first_user[1:-1]
        numbers = np.searchsorted(ends, self._ordinals(rows), side="right")
        for number in range(len(self._layout.slices)):
            pairs = numbers == number
            self._pages.note(
                *self._slots_and_fingerprints(number, users[pairs], rows[pairs])
            )
        self.user_count += np.bincount(rows, minlength=len(self.user_count))
        return new

    def changed(self) -> tuple[Addresses, list[bytes]]:
        """Returns the pages to store, in order, and their contents."""
        slots, contents = self._pages.changed()
        return self._addresses(slots), contents

    def grown(self) -> Bools:
        """Tells which counters have new users, `[c]`."""
        return self.user_count > self._user_count_before

    @property
    def bits_set(self) -> Ints:
        """Bits set in the bitmaps of each counter's last slice, `[c]`: see `bounds`."""
        slots, gained = self._pages.bits_gained()
        rows, pages = np.divmod(slots, self._layout.pages)
        last = pages >= self._layout.first_page[-2]
        total = self._bits_set.copy()
        np.add.at(total, rows[last], gained[last])
        return total

    def _opened(self) -> Ints:
        """Returns how many slices of each counter have a key, `[c]`."""
        return np.searchsorted(self._layout.first_user[:-1], self.user_count)

    def _by_slice(self, rows: Ints) -> Iterator[tuple[int, Ints]]:
        """Yields slices, largest first, with the pairs whose counter has opened it."""
        opened = self._opened()[rows]
        for number in reversed(range(len(self._layout.slices))):
            yield number, np.flatnonzero(opened > number)

    def _ordinals(self, rows: Ints) -> Ints:
        """Returns the number each new key gets in its counter, from 0, `[n]`."""
        order = np.argsort(rows, kind="stable")
        counts = np.bincount(rows, minlength=len(self.user_count))
        next_ordinals = np.repeat(self.user_count - np.cumsum(counts) + counts, counts)
        ordinals = np.empty_like(rows)
        ordinals[order] = next_ordinals + np.arange(len(rows))
        return ordinals

    def _slots_and_fingerprints(
        self, number: int, users: Hashes, rows: Ints
    ) -> tuple[Ints, Ints]:
        """Returns slot and fingerprint of each pair in one slice."""
        salt, layout = self._salts[rows, number], self._layout
        pages, fingerprints = pages_and_fingerprints(
            users, salt, number=number, layout=layout
        )
        return rows * layout.pages + pages, fingerprints

    def _slots(self, addresses: Addresses) -> Ints:
        rows = np.searchsorted(self.counters, addresses.counters)
        return rows * self._layout.pages + addresses.pages

    def _addresses(self, slots: Ints) -> Addresses:
        rows, pages = np.divmod(slots, self._layout.pages)
        return Addresses(self.counters[rows], pages)


def cross(*, users: Hashes, rows: Ints) -> tuple[Hashes, Ints]:
    """Pairs every counter with every user, `[rows * users]`, one counter at a time."""
    return np.tile(users, len(rows)), np.repeat(rows, len(users))
