"""How sure a published count is: arithmetic over the states of a counter's filters.

A state is `user_count` (users that looked new) and `bits_set` (in the bitmaps of the
last slice). Arrays have one state per shard on their last axis: shards hold different
users, so counts and expected errors add up over it, and so do the squares of
deviations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goals.counters.hashing import HASHES, LAYOUT, PAGE_BITS, Ints, Layout

Floats = NDArray[np.float64]

_DEVIATIONS = 3.29  # hold 99.9 % of a normal variable, on both sides
_RARE = 0.001  # errors that are expected less often than this are left out


@dataclass(frozen=True, slots=True)
class Bounds:
    """A published count and the span that holds the truth in 99.9 % of cases."""

    count: Ints
    lower: Ints
    upper: Ints
    saturated: NDArray[np.bool_]


def false_positive_rate(
    *, user_count: Ints, bits_set: Ints, layout: Layout = LAYOUT
) -> Floats:
    """Returns the chance that a user not seen looks seen, per state.

    The sum over slices of `fill ** 16` for a bitmap (Bloom 1970), plus the chance of
    an equal 32-bit fingerprint in the page. Uneven pages add some 5 % to a full slice.
    """
    users = estimate(user_count=user_count, bits_set=bits_set, layout=layout)
    rates: Floats = _slice_rates(users, layout).sum(axis=-1)
    return np.minimum(rates, 1)


def estimate(*, user_count: Ints, bits_set: Ints, layout: Layout = LAYOUT) -> Floats:
    """Returns the estimated users, per state: `user_count` until the slices are full.

    Then the last slice takes more than it can tell apart, but its bits still tell how
    many: n* = ln(1 - X/m) / ln(1 - chance), the usual -(m/k) ln(1 - X/m) (Swamidass &
    Baldi 2007) for k bits in one page. Good to 1 % up to ten times its capacity; when
    every bit is set it stays at 30 times, and its bounds are none.
    """
    bits = _last_bits(layout)
    # The chance that one user sets a given bit of it: right page, right bit.
    chance = (1 - (1 - 1 / PAGE_BITS) ** HASHES) / layout.slices[-1]
    zeros = np.maximum(bits - bits_set, 1) / bits
    users = layout.first_user[-2] + np.log(zeros) / np.log1p(-chance)
    return np.where(
        user_count > layout.capacity, np.maximum(users, user_count), user_count
    )


def bounds(*, user_count: Ints, bits_set: Ints, layout: Layout = LAYOUT) -> Bounds:
    """Returns what to publish of states `[..., shards]`, as arrays `[...]`.

    `count` is the users that looked new: never above the truth. Before each of them,
    as many others were missed as errors come in a row: `rate / (1 - rate)` at most.
    Saturated shards give their estimate instead, which may be above the truth: bits
    tell of all whom the last slice mistook, but of nobody whom an earlier one did.
    """
    full = user_count > layout.capacity
    users = estimate(user_count=user_count, bits_set=bits_set, layout=layout)
    rates = _slice_rates(users, layout)
    rates[..., -1] = np.where(full, 0, rates[..., -1])
    rate = np.minimum(rates.sum(axis=-1), 1 - 1e-9)
    odds = rate / (1 - rate)
    missed = (users * odds).sum(axis=-1)
    noise = np.where(full, _estimate_variance(users, layout), 0).sum(axis=-1)
    count, seen = users.sum(axis=-1), user_count.sum(axis=-1)
    below = _DEVIATIONS * np.sqrt(noise)
    above = _most(missed, variance=noise + (users * odds * (1 + odds)).sum(axis=-1))
    return Bounds(
        count=np.rint(count).astype(np.int64),
        lower=np.maximum(np.floor(count - below), seen).astype(np.int64),
        upper=np.floor(count + above).astype(np.int64),
        saturated=np.asarray(full.any(axis=-1)),
    )


def _most(mean: Floats, *, variance: Floats) -> Floats:
    """Returns what a sum of rare errors exceeds in 0.1 % of cases or fewer.

    Normal but for the last term, which is for the skew of a Poisson number (Cornish &
    Fisher 1938).
    """
    most = mean + _DEVIATIONS * np.sqrt(variance) + (_DEVIATIONS**2 - 1) / 6
    return np.where(variance < _RARE, 0, most)


def _slice_rates(users: Floats, layout: Layout) -> Floats:
    """Returns the chance of each slice to mistake a user, `[..., slices]`."""
    limits = np.append(np.diff(layout.first_user)[:-1], np.iinfo(np.int64).max)
    users_of_slice = np.clip(users[..., np.newaxis] - layout.first_user[:-1], 0, limits)
    per_page = users_of_slice / np.array(layout.slices)
    fill = -np.expm1(-HASHES * per_page / PAGE_BITS)
    rates: Floats = fill**HASHES + per_page / 2**32
    return rates


def _estimate_variance(users: Floats, layout: Layout) -> Floats:
    bits = _last_bits(layout)
    load = (users - layout.first_user[-2]) * HASHES / bits
    variance: Floats = bits * (np.exp(load) - load - 1) / HASHES**2
    return variance


def _last_bits(layout: Layout) -> int:
    return layout.slices[-1] * PAGE_BITS
