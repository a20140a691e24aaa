"""The draw: who is in which group, in Python and in SQL alike."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import sql
from segmentation.groups import SLOTS, Allocation, slot, slot_in_sql
from segmentation.tree import Group
from tests.conftest import T0

KEYS = st.integers(-(2**63), 2**63 - 1)
SALTS = st.text(max_size=64).filter(lambda text: "\0" not in text)
MINUTE = timedelta(minutes=1)


def draw(**fields):
    whole = {"name": "test", "salt": "s", "start_at": T0, "end_at": T0 + MINUTE}
    shares = {"share_a": Decimal(50), "share_b": Decimal(30)}
    return Allocation(**{**whole, **shares, **fields})


def chi_square(counts):
    """Pearson's statistic of a table of counts against independence."""
    rows = [sum(row) for row in counts]
    columns = [sum(column) for column in zip(*counts, strict=True)]
    total = sum(rows)
    return sum(
        (counts[i][j] - rows[i] * columns[j] / total) ** 2
        / (rows[i] * columns[j] / total)
        for i in range(len(rows))
        for j in range(len(columns))
    )


@pytest.mark.django_db
@given(key=KEYS, salt=SALTS)
def test_sql_draws_as_python_does(key, salt):
    expression = slot_in_sql(salt=salt)
    [(found,)] = sql.fetch(
        f"SELECT {expression} FROM (SELECT CAST(%(key)s AS bigint)) AS one (user_key)",
        key=key,
    )
    assert found == slot(key, salt=salt)


def test_the_draw_is_pinned():
    assert [slot(key, salt="abacus") for key in (0, 1, -1, 2**63 - 1)] == [
        9029,
        438,
        4719,
        8982,
    ]


@given(key=KEYS, salt=SALTS)
def test_a_slot_is_one_of_ten_thousand(key, salt):
    assert 0 <= slot(key, salt=salt) < SLOTS


def test_groups_are_as_large_as_their_shares():
    one = draw(share_a=Decimal("12.34"), share_b=Decimal("50.01"))
    found = [one.group(key, at=T0) for key in range(100_000)]
    shares = [found.count(group) / 1_000 for group in Group]
    assert shares == pytest.approx([12.34, 50.01, 37.65], abs=0.5)


def test_tests_are_independent_of_each_other_and_of_the_shard():
    one, other = draw(salt="one"), draw(salt="other")
    table = [[0] * 3 for _ in range(3)]
    shards = [[0] * 3 for _ in range(16)]
    for key in range(50_000):
        table[one.group(key, at=T0)][other.group(key, at=T0)] += 1
        shards[key & 15][one.group(key, at=T0)] += 1
    assert chi_square(table) < 18.47  # 4 degrees of freedom, p = 0.001
    assert chi_square(shards) < 59.70  # 30 degrees of freedom, p = 0.001


@pytest.mark.parametrize(
    ("after", "inside"),
    [(-MINUTE, False), (0 * MINUTE, True), (MINUTE, False)],
    ids=["before", "from its start", "from its end"],
)
def test_outside_its_time_everybody_is_in_neither_group(after, inside):
    whole = draw(share_b=Decimal(50))
    assert (whole.group(1, at=T0 + after) != Group.NEITHER) is inside
