"""How often the filters take someone for another, against the theory."""

import numpy as np
import pytest

from goals.counters.bloom import Filters
from goals.counters.bounds import false_positive_rate
from goals.counters.filter_pages import Pages
from goals.counters.hashing import (
    HASHES,
    LAYOUT,
    PAGE_BITS,
    pages_and_fingerprints,
    salts,
)


def numbered(start, stop):
    """User keys as unlike random ones as can be: the mixing is what is tested."""
    return np.arange(start, stop, dtype=np.uint64) << np.uint64(4)


def test_a_full_filter_errs_as_designed():
    """Two full slices: 9 of 2 million expected, and 5 deviations are 15."""
    full = int(LAYOUT.first_user[2])
    filters = Filters(
        counters=np.array([7]), user_count=np.array([0]), bits_set=np.array([0])
    )
    filters.add(users=numbered(0, full), rows=np.zeros(full, np.int64))
    strangers = numbered(1 << 40, (1 << 40) + 2_000_000)
    wrong = filters.contains(users=strangers, rows=np.zeros(len(strangers), np.int64))
    rate = false_positive_rate(
        user_count=filters.user_count, bits_set=filters.bits_set
    )[0]
    assert rate == pytest.approx(4.3e-6, rel=0.05)
    assert wrong.sum() < 24


@pytest.mark.parametrize("load", [1500, 2500, 5000, 10_000])
def test_the_bits_of_a_page_are_as_good_as_random(load):
    """Overfull, the rate is large enough to see a hash that is only nearly random."""
    pages = Pages(slots=1)
    pages.note(np.zeros(load, np.int64), np.arange(load))
    strangers = np.arange(1 << 20, (1 << 20) + 500_000)
    rate = pages.contain(np.zeros(len(strangers), np.int64), strangers).mean()
    _, (bitmap,) = pages.changed()
    fill = int.from_bytes(bitmap).bit_count() / PAGE_BITS
    expected = fill**HASHES
    deviation = (expected / len(strangers)) ** 0.5
    assert fill == pytest.approx(1 - np.exp(-HASHES * load / PAGE_BITS), abs=0.01)
    assert abs(rate - expected) < 5 * deviation


def test_counters_do_not_err_together():
    """Who is falsely known to one is no likelier so to the next, or goals would lie."""
    same, strangers = numbered(0, 4000), numbered(1 << 40, (1 << 40) + 500_000)
    wrong = []
    for salt in salts(np.array([1, 2]))[:, 0]:
        page = Pages(slots=1)
        page.note(
            *pages_and_fingerprints(same, np.broadcast_to(salt, same.shape), number=0)
        )
        asked = pages_and_fingerprints(
            strangers, np.broadcast_to(salt, strangers.shape), number=0
        )
        wrong.append(page.contain(*asked))
    both, expected = (wrong[0] & wrong[1]).mean(), wrong[0].mean() * wrong[1].mean()
    assert expected > 0.001
    assert abs(both - expected) < 5 * (expected / len(strangers)) ** 0.5
