"""The keyed hashes that stand for ids: pinned, for stored data depends on them."""

from hashlib import blake2b
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import keys

SECRET = "0" * 48
PLACE = {"secret": SECRET, "namespace": "shop"}


def test_the_keys_of_version_1_stay_what_they_are():
    assert keys.user_key("ann", **PLACE) == 7695781459240684145
    assert keys.user_key("日本", **PLACE) == 4222015783899427116
    hashed = UUID("4184f8c7-0659-e658-88d9-3841d7eaad06")
    assert keys.event_hash("e-1", **PLACE) == hashed


def test_a_key_is_blake2b_under_the_secret_and_the_namespace():
    master = blake2b(SECRET.encode()).digest()
    key = blake2b(b"shop", key=master, digest_size=32).digest()
    plain = blake2b(b"ann", key=key, digest_size=8, person=b"user").digest()
    found = keys.user_key("ann", **PLACE)
    assert found == int.from_bytes(plain, "big", signed=True)


@pytest.mark.parametrize("change", [{"secret": "1" * 48}, {"namespace": "other"}])
def test_the_secret_and_the_namespace_change_every_key(change):
    assert keys.user_key("ann", **PLACE) != keys.user_key("ann", **PLACE | change)
    assert keys.event_hash("e", **PLACE) != keys.event_hash("e", **PLACE | change)


def test_an_event_and_a_user_of_the_same_id_have_nothing_in_common():
    user = keys.user_key("x", **PLACE).to_bytes(8, "big", signed=True)
    assert not keys.event_hash("x", **PLACE).bytes.startswith(user)


@given(st.text(min_size=1))
def test_a_user_key_is_a_bigint_and_its_last_bits_are_the_shard(user_id):
    key = keys.user_key(user_id, **PLACE)
    assert -(2**63) <= key < 2**63
    assert keys.shard(key) == key % keys.SHARDS


def test_shards_are_even():
    found = [keys.shard(keys.user_key(f"{n}", **PLACE)) for n in range(16_000)]
    sizes = [found.count(shard) for shard in range(keys.SHARDS)]
    assert 850 < min(sizes) <= max(sizes) < 1150
