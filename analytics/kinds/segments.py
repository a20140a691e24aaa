"""What values are stored under: the whole namespace, and the leaves of segmentations.

A leaf that a test puts users into is also stored as sixteen values, by the users'
shards: disjoint sets of users, drawn by the hash of their ids, as additive as all else.
How much these differ tells how much chance there is in their sum.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analytics.models import WHOLE
from events.keys import SHARDS
from segmentation import queries as segmentation
from segmentation.resolved import ResolvedSegmentation


@dataclass(frozen=True, slots=True)
class Segments:
    """The numbers that values are stored under, and SQL expressions that tell them.

    `expression` is over `user_key` and `occurred_at`: the array of an event's numbers;
    `tested` are the numbers whose values are stored by shard too.
    """

    numbers: list[int]
    tested: list[int]
    expression: str

    @property
    def shard(self) -> str:
        """An expression over `user_key`: nothing to group by if nothing is tested."""
        return f"(user_key & {SHARDS - 1})::int" if self.tested else "0"

    @property
    def shard_values(self) -> str:
        """An aggregate over `shard` and `value`: a segment's values by shard."""
        if not self.tested:
            return "NULL::numeric[]"
        sums = ", ".join(
            f"coalesce(sum(value) FILTER (WHERE shard = {shard}), 0)"
            for shard in range(SHARDS)
        )
        return f"CASE WHEN segment = ANY(ARRAY{self.tested}) THEN ARRAY[{sums}] END"


def every(*, namespace_id: int) -> Segments:
    """Returns all that a namespace's values are stored under, in three queries."""
    return whole_and(segmentation.resolved_segmentations(namespace_id=namespace_id))


def whole_and(cuts: Sequence[ResolvedSegmentation]) -> Segments:
    """Returns what the whole and the leaves of segmentations are stored under."""
    numbers = [WHOLE, *(number for cut in cuts for number in cut.segments)]
    tested = [number for cut in cuts for number in in_groups(cut)]
    return Segments(numbers, tested, array([str(WHOLE), *map(number_of_leaf, cuts)]))


def leaves(cut: ResolvedSegmentation) -> Segments:
    """Returns what the leaves of a segmentation are stored under."""
    expression = array([number_of_leaf(cut)])
    return Segments(list(cut.segments), in_groups(cut), expression)


def in_groups(cut: ResolvedSegmentation) -> list[int]:
    """Returns the numbers of the leaves that a test puts users into."""
    pairs = zip(cut.segments, cut.leaves, strict=True)
    return [number for number, leaf in pairs if leaf.is_tested]


def number_of_leaf(cut: ResolvedSegmentation) -> str:
    return cut.case(lambda segment, _: str(segment))


def array(numbers: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(numbers)}]"
