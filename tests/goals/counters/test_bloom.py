"""What the filters promise: nobody forgotten, nobody twice, however batches are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goals.counters.bloom import Addresses, Filters, cross
from goals.counters.filter_pages import Pages
from goals.counters.hashing import LAYOUT, PAGE_BYTES, mix

NOTHING = np.zeros(0, np.int64)


def fresh(*counters):
    zeros = np.zeros(len(counters), np.int64)
    return Filters(counters=np.array(counters), user_count=zeros, bits_set=zeros)


def someone(count, seed=0):
    """User keys of one shard: as if random but for their last four bits."""
    keys = mix(np.arange(count, dtype=np.uint64) + np.uint64(seed << 32))
    return keys << np.uint64(4) | np.uint64(5)


def rows_of(users, row=0):
    return np.full(len(users), row, np.int64)


def stored(filters):
    addresses, contents = filters.changed()
    where = zip(addresses.counters.tolist(), addresses.pages.tolist(), strict=True)
    return dict(zip(where, contents, strict=True))


def reopened(filters, pages, users, rows):
    """The filters another batch would find: only its own pages, loaded from `pages`."""
    again = Filters(
        counters=filters.counters,
        user_count=filters.user_count,
        bits_set=filters.bits_set,
    )
    load(again, pages, users, rows)
    return again


def load(filters, pages, users, rows):
    wanted = filters.needed(users=users, rows=rows)
    where = zip(wanted.counters.tolist(), wanted.pages.tolist(), strict=True)
    found = [address for address in where if address in pages]
    counters, numbers = np.array(found, np.int64).reshape(-1, 2).T
    contents = [pages[address] for address in found]
    filters.load(wanted=wanted, stored=Addresses(counters, numbers), contents=contents)


sizes = st.sampled_from([1, 30, 1023, 1024, 1180, 1181, 5000, 13_000, 20_000])
# No two users of these seeds look alike in a page, so the laws hold to the letter.
seeds = st.integers(2, 9)


@settings(max_examples=30)
@given(sizes, sizes, seeds)
def test_no_user_is_ever_forgotten(first, second, seed):
    users = someone(first + second, seed)
    filters = fresh(7)
    filters.add(users=users[:first], rows=rows_of(users[:first]))
    filters = reopened(filters, stored(filters), users, rows_of(users))
    filters.add(users=users[first:], rows=rows_of(users[first:]))
    assert filters.contains(users=users, rows=rows_of(users)).all()


@settings(max_examples=20)
@given(sizes, seeds)
def test_adding_twice_is_adding_once(size, seed):
    users = someone(size, seed)
    filters = fresh(7)
    filters.add(users=users, rows=rows_of(users))
    pages, keys = stored(filters), filters.user_count.copy()
    assert not filters.add(users=users, rows=rows_of(users)).any()
    assert stored(filters) == pages
    assert filters.user_count == keys


@settings(max_examples=30)
@given(st.data(), sizes, seeds)
def test_a_batch_may_be_cut_anywhere(data, size, seed):
    users = np.repeat(someone(size, seed), 2)
    rows = np.tile([0, 1], size)
    whole, cut = fresh(3, 8), fresh(3, 8)
    whole.add(users=users, rows=rows)
    pages: dict[tuple[int, int], bytes] = {}
    ends = data.draw(st.lists(st.integers(0, len(users)), max_size=4))
    for part in np.split(np.arange(len(users)), sorted(ends)):
        cut = reopened(cut, pages, users[part], rows[part])
        cut.add(users=users[part], rows=rows[part])
        pages |= stored(cut)
    assert pages == stored(whole)
    assert cut.user_count.tolist() == whole.user_count.tolist() == [size, size]


@settings(max_examples=20)
@given(st.lists(sizes, min_size=1, max_size=5), seeds)
def test_a_count_never_exceeds_the_truth(batches, seed):
    everyone = someone(20_000, seed)
    chosen = np.random.default_rng(seed)
    filters, truth = fresh(7), set()
    for size in batches:
        users = chosen.choice(everyone, size, replace=False)
        filters.add(users=users, rows=rows_of(users))
        truth |= set(users.tolist())
    assert len(truth) - 2 <= filters.user_count[0] <= len(truth)


def test_counters_do_not_hear_of_each_other():
    alice, bob = someone(200, 1), someone(200, 2)
    filters = fresh(3, 8)
    filters.add(users=alice, rows=rows_of(alice, 0))
    filters.add(users=bob, rows=rows_of(bob, 1))
    asked = cross(users=np.concatenate((alice, bob)), rows=np.array([0, 1]))
    known = filters.contains(users=asked[0], rows=asked[1]).reshape(2, -1)
    assert known[0].tolist() == [True] * 200 + [False] * 200
    assert known[1].tolist() == [False] * 200 + [True] * 200


def test_new_is_told_pair_by_pair_in_the_order_given():
    old, young = someone(2, 1), someone(2, 2)
    filters = fresh(3, 8)
    filters.add(users=old, rows=np.array([0, 1]))
    users = np.array([young[0], old[0], old[0], young[1]])
    assert filters.add(users=users, rows=np.array([0, 0, 1, 1])).tolist() == [
        True,
        False,
        True,
        True,
    ]


def test_only_pages_that_changed_are_stored():
    users = someone(30_000)
    filters = fresh(7)
    filters.add(users=users, rows=rows_of(users))
    pages = stored(filters)
    both = np.append(users[:500], someone(1, 9))
    filters = reopened(filters, pages, both, rows_of(both))
    assert filters.add(users=both, rows=rows_of(both)).sum() == 1
    assert len(stored(filters)) == 1


def test_a_page_is_stored_as_its_shorter_form():
    users = someone(13_000)
    filters = fresh(7)
    filters.add(users=users[:1023], rows=rows_of(users[:1023]))
    assert {page: len(c) for (_, page), c in stored(filters).items()} == {0: 4092}
    filters.add(users=users[1023:1024], rows=rows_of(users[:1]))
    assert {page: len(c) for (_, page), c in stored(filters).items()} == {0: PAGE_BYTES}
    filters.add(users=users[1024:], rows=rows_of(users[1024:]))
    lengths = {page: len(content) for (_, page), content in stored(filters).items()}
    assert all(lengths[page] == PAGE_BYTES for page in range(11))
    assert sum(length for page, length in lengths.items() if page > 10) == 4 * 20


def test_a_page_needed_but_not_loaded_is_an_error():
    users = someone(10)
    filters = fresh(7)
    filters.add(users=users, rows=rows_of(users))
    again = Filters(
        counters=filters.counters,
        user_count=filters.user_count,
        bits_set=filters.bits_set,
    )
    with pytest.raises(LookupError, match="not been loaded"):
        again.contains(users=users, rows=rows_of(users))
    with pytest.raises(LookupError, match="not been loaded"):
        again.add(users=users, rows=rows_of(users))


def test_pages_of_one_user_do_not_do_for_another():
    users = someone(20_000)
    filters = fresh(7)
    filters.add(users=users, rows=rows_of(users))
    again = reopened(filters, stored(filters), users[:1], rows_of(users[:1]))
    assert again.contains(users=users[:1], rows=rows_of(users[:1])).all()
    with pytest.raises(LookupError, match="not been loaded"):
        again.contains(users=users, rows=rows_of(users))


def test_pages_are_needed_once_and_never_of_slices_not_open():
    users = someone(5000)
    filters = fresh(7)
    assert not filters.needed(users=users, rows=rows_of(users)).pages.size
    filters.add(users=users, rows=rows_of(users))
    pages = stored(filters)
    again = Filters(
        counters=filters.counters,
        user_count=filters.user_count,
        bits_set=filters.bits_set,
    )
    wanted = again.needed(users=users, rows=rows_of(users))
    assert set(wanted.pages.tolist()) == {page for _, page in pages} == set(range(11))
    load(again, pages, users, rows_of(users))
    assert not again.needed(users=users, rows=rows_of(users)).pages.size


@pytest.mark.parametrize("content", [b"123", bytes(PAGE_BYTES + 4)])
def test_a_content_that_cannot_be_a_page_is_refused(content):
    with pytest.raises(ValueError, match="not a page"):
        Pages(slots=1).load(slots=np.array([0]), contents=[content])


def test_counters_out_of_order_are_refused():
    with pytest.raises(ValueError, match="ascending"):
        fresh(8, 3)


def test_an_empty_batch_changes_nothing():
    filters = fresh(7)
    users = someone(0)
    load(filters, {}, users, NOTHING)
    assert not filters.add(users=users, rows=NOTHING).size
    assert stored(filters) == {}


def test_users_alike_in_a_page_are_noted_once():
    pages = Pages(slots=1)
    pages.note(np.array([0, 0, 0]), np.array([6, 5, 6]))
    assert pages.changed()[1] == [np.array([5, 6], "<u4").tobytes()]


def test_bits_set_stay_zero_before_the_last_slice():
    users = someone(13_000)
    filters = fresh(7)
    filters.add(users=users, rows=rows_of(users))
    assert filters.bits_set.tolist() == [0]


def test_bits_set_are_those_of_the_last_slices_bitmaps():
    """As `SUM(bit_count(content))` over them would find; here of a saturated filter."""
    filters = Filters(
        counters=np.array([7]),
        user_count=np.array([LAYOUT.capacity]),
        bits_set=np.array([0]),
    )
    pages, users = {}, someone(40_000, 3)
    for page in range(LAYOUT.first_page[-2], LAYOUT.pages):  # 1,020 users everywhere
        pages[7, page] = np.arange(1020, dtype="<u4").tobytes()
    for part in np.split(users, 4):
        filters = reopened(filters, pages, part, rows_of(part))
        filters.add(users=part, rows=rows_of(part))
        pages |= stored(filters)
    bitmaps = [c for (_, page), c in pages.items() if page > 110 and len(c) == 4096]
    assert len(bitmaps) == 1000
    assert filters.bits_set == sum(int.from_bytes(c).bit_count() for c in bitmaps)
