"""How sure a published count is: arithmetic over the states of a counter's filters.

A state is `keys` (users that looked new) and `bits_set` (in the bitmaps of the last
slice). Arrays have one state per shard on their last axis: shards hold different users,
so counts and expected errors add up over it, and so do the squares of deviations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goals.hashing import CAPACITY, FIRST_KEY, HASHES, PAGE_BITS, SLICES, Ints

Floats = NDArray[np.float64]

_PAGES = np.array(SLICES)
_LAST_BITS = SLICES[-1] * PAGE_BITS
# The chance that one user sets a given bit of the last slice: right page, right bit.
_BIT_CHANCE = (1 - (1 - 1 / PAGE_BITS) ** HASHES) / SLICES[-1]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A published count and the span that holds the truth in 99.9 % of cases."""

    count: Ints
    lower: Ints
    upper: Ints
    saturated: NDArray[np.bool_]


def false_positive_rate(*, keys: Ints, bits_set: Ints) -> Floats:
    """Returns the chance that a user not seen looks seen, per state.

    The sum over slices of `fill ** 16` for a bitmap (Bloom 1970), plus the chance of
    an equal 32-bit fingerprint in the page. Uneven pages add some 4 % to a full slice.
    """
    users = estimate(keys=keys, bits_set=bits_set)[..., np.newaxis]
    limits = np.append(np.diff(FIRST_KEY)[:-1], np.iinfo(np.int64).max)
    per_page = np.clip(users - FIRST_KEY[:-1], 0, limits) / _PAGES
    fill = -np.expm1(-HASHES * per_page / PAGE_BITS)
    rates: Floats = (fill**HASHES + per_page / 2**32).sum(axis=-1)
    return np.minimum(rates, 1)


def estimate(*, keys: Ints, bits_set: Ints) -> Floats:
    """Returns the estimated users, per state: `keys` itself until the slices are full.

    Then the last slice takes more than it can tell apart, but its bits still tell how
    many: n* = ln(1 - X/m) / ln(1 - chance), the usual -(m/k) ln(1 - X/m) (Swamidass &
    Baldi 2007) for k bits in one page. Good to 1 % up to ten times its capacity; when
    every bit is set it stays at 30 times.
    """
    zeros = np.maximum(_LAST_BITS - bits_set, 1) / _LAST_BITS
    users = FIRST_KEY[-2] + np.log(zeros) / np.log1p(-_BIT_CHANCE)
    return np.where(keys > CAPACITY, np.maximum(users, keys), keys)


def bounds(*, keys: Ints, bits_set: Ints) -> Bounds:
    """Returns what to publish of states `[..., shards]`, as arrays `[...]`.

    `count` is the users that looked new: never above the truth. Each of them came while
    at most `rate` of the others were missed, so at most `keys * rate` were, a Poisson
    number; `upper` adds that and three deviations, rounded (a Poisson quantile is an
    integer). Saturated shards give their estimate instead, with three deviations of
    linear counting (Whang et al. 1990) on both sides.
    """
    full = keys > CAPACITY
    users = estimate(keys=keys, bits_set=bits_set)
    missed = np.where(full, 0, keys * false_positive_rate(keys=keys, bits_set=bits_set))
    noise = np.where(full, _estimate_variance(users), 0)
    count, seen = users.sum(axis=-1), keys.sum(axis=-1)
    below = 3 * np.sqrt(noise.sum(axis=-1))
    above = missed.sum(axis=-1) + 3 * np.sqrt((noise + missed).sum(axis=-1))
    return Bounds(
        count=np.rint(count).astype(np.int64),
        lower=np.maximum(np.rint(count - below), seen).astype(np.int64),
        upper=np.rint(count + above).astype(np.int64),
        saturated=np.asarray(full.any(axis=-1)),
    )


def _estimate_variance(users: Floats) -> Floats:
    load = (users - FIRST_KEY[-2]) * HASHES / _LAST_BITS
    variance: Floats = _LAST_BITS * (np.exp(load) - load - 1) / HASHES**2
    return variance
