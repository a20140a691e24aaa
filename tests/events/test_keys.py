"""The keyed hashes that stand for ids: pinned, for stored data depends on them."""

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import keys

SECRET = "0" * 48
KEY = keys.namespace_key(SECRET, "shop")


def test_the_keys_of_version_1_stay_what_they_are():
    assert keys.user_key("ann", key=KEY) == 7695781459240684145
    assert keys.user_key("日本", key=KEY) == 4222015783899427116
    hashed = "4184f8c70659e65888d93841d7eaad06"
    assert keys.event_hash("e-1", key=KEY) == hashed


def test_a_key_is_blake2b_under_the_secret_and_the_namespace():
    master = blake2b(SECRET.encode()).digest()
    key = blake2b(b"shop", key=master, digest_size=32).digest()
    plain = blake2b(b"ann", key=key, digest_size=8, person=b"user").digest()
    found = keys.user_key("ann", key=KEY)
    assert found == int.from_bytes(plain, "big", signed=True)


@pytest.mark.parametrize("place", [("1" * 48, "shop"), (SECRET, "other")])
def test_the_secret_and_the_namespace_change_every_key(place):
    other = keys.namespace_key(*place)
    assert keys.user_key("ann", key=KEY) != keys.user_key("ann", key=other)
    assert keys.event_hash("e", key=KEY) != keys.event_hash("e", key=other)


def test_an_event_and_a_user_of_the_same_id_have_nothing_in_common():
    user = keys.user_key("x", key=KEY).to_bytes(8, "big", signed=True)
    assert not keys.event_hash("x", key=KEY).startswith(user.hex())


@given(st.text(min_size=1))
def test_a_user_key_is_a_bigint_and_its_last_bits_are_the_shard(user_id):
    key = keys.user_key(user_id, key=KEY)
    assert -(2**63) <= key < 2**63
    assert keys.shard_number(key) == key % keys.SHARDS


def test_shards_are_even():
    found = [keys.shard_number(keys.user_key(f"{n}", key=KEY)) for n in range(16_000)]
    sizes = [found.count(shard) for shard in range(keys.SHARDS)]
    assert 850 < min(sizes) <= max(sizes) < 1150
