"""Stored filters stay readable for ever: hash, places and pages are pinned.

A difference here means that every stored filter would forget its users: then raise
`VERSION`, and count what is stored under the old one with the old code.
"""

from hashlib import blake2b

import numpy as np
import pytest

from goals.counters import hashing
from goals.counters.bloom import Filters
from goals.counters.hashing import mix, pages_and_fingerprints, positions, salts

USERS = np.array([0, 1, 2**63, 2**64 - 1, 0x0123456789ABCDEF], np.uint64)

PAGES = [[0] * 5, [1, 8, 8, 1, 1], [51, 49, 82, 14, 66], [729, 533, 595, 596, 237]]
FINGERPRINTS = [
    [3701541902, 647249664, 1622056344, 1584464746, 379681703],
    [2052165127, 3368172252, 3400025979, 1834951005, 548319905],
    [1292839678, 2158907729, 2843154936, 3402621970, 3890574438],
    [1281061842, 2039703886, 1872264429, 2437307668, 1255053311],
]


def test_version_and_sizes_are_those_of_the_stored_pages():
    assert hashing.VERSION == 1
    assert (hashing.PAGE_BYTES, hashing.HASHES) == (4096, 16)
    assert hashing.LAYOUT.slices == (1, 10, 100, 1000)
    assert hashing.LAYOUT.first_page.tolist() == [0, 1, 11, 111, 1111]
    assert hashing.LAYOUT.first_user.tolist() == [0, 1180, 12_980, 130_980, 1_310_980]


def test_the_mixer_is_the_published_splitmix64():
    """The first outputs for seed 1234567, as published with the algorithm."""
    steps = np.arange(1, 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert mix(np.uint64(1234567) + steps).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_salts():
    assert [f"{salt:016x}" for salt in salts(np.array([0, 1000])).ravel().tolist()] == [
        *("a706dd2f4d197e6f", "b382a305f4414f5e"),
        *("631a9154fbabf717", "a80aba8c86640906"),
        *("7db8ff06ea6c227f", "0393cc723c968c75"),
        *("5165a43902da24db", "68ed8a7f901247b3"),
    ]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("order", ["<", ">"])
def test_places_in_any_byte_order(number, order):
    counters = np.array([1]).astype(f"{order}i8")
    salt = np.repeat(salts(counters)[:, number], len(USERS))
    pages, fingerprints = pages_and_fingerprints(
        USERS.astype(f"{order}u8"), salt, number=number
    )
    own = pages - hashing.LAYOUT.first_page[number]
    assert own.max() < hashing.LAYOUT.slices[number]
    assert pages.tolist() == PAGES[number]
    assert fingerprints.tolist() == FINGERPRINTS[number]


def test_positions():
    ends = np.array([0, 2**32 - 1])
    assert [positions(ends, word=word).tolist() for word in range(4)] == [
        [[19887, 30267, 8421, 4357], [448, 24547, 28298, 7561]],
        [[26100, 17266, 31146, 29636], [21428, 9857, 3092, 2306]],
        [[17743, 18, 29794, 13858], [24179, 3662, 10237, 29270]],
        [[492, 25753, 25249, 17501], [19342, 31194, 15068, 6055]],
    ]


def filled(size):
    zeros = np.zeros(2, np.int64)
    filters = Filters(counters=np.array([1, 1000]), user_count=zeros, bits_set=zeros)
    users = mix(np.arange(size, dtype=np.uint64))
    filters.add(users=np.repeat(users, 2), rows=np.tile([0, 1], size))
    return filters.changed()


def test_a_short_list_of_fingerprints():
    addresses, contents = filled(3)
    assert (addresses.counters.tolist(), addresses.pages.tolist()) == (
        [1, 1000],
        [0, 0],
    )
    assert [content.hex() for content in contents] == [
        "9448647643cb4fd40e0ca1dc",
        "705dbe1a78b659447fa4ee53",
    ]


@pytest.mark.parametrize(
    ("size", "pages", "digest"),
    [
        (1023, 2, "3e497418188835bf8be380bec3cddf5c"),
        (1024, 2, "da0912fd711a5d9827155ad204099eee"),
        (2000, 22, "ad984a70f5d13b16e0b19f429e891f1f"),
        (20_000, 222, "4f972ff7bf9e280b6b8118d3a802f28c"),
    ],
)
def test_page_bytes(size, pages, digest):
    addresses, contents = filled(size)
    where = repr((addresses.counters.tolist(), addresses.pages.tolist())).encode()
    assert len(contents) == pages
    found = blake2b(where + b"".join(contents), digest_size=16).hexdigest()
    assert found == digest
