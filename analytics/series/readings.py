"""Reads: the sums of metrics in the cells of a period, of the whole and of leaves."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from analytics.formulas.rationals import Rationals
from analytics.models import WHOLE
from analytics.series import queries, sums
from segmentation.resolved import ResolvedSegmentation
from timegrid import buckets, comparisons, periods
from timegrid.buckets import TooManyCells
from timegrid.periods import Period

MOST_NUMBERS = 1_000_000  # read for one answer


class SegmentSums(NamedTuple):
    """The sums of metrics: of the whole namespace, or of a leaf, by its path."""

    path: str | None
    sums: dict[str, Rationals]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is stored in cells: of the whole, then of the leaves.

    `stale` names metrics that wait for their rebuild; `end_at` is where the sums of all
    cells end, if that is before the last cell does.
    """

    edges: Sequence[datetime]
    segments: list[SegmentSums]
    stale: AbstractSet[str]
    complete: list[bool] | None = None
    end_at: datetime | None = None

    @property
    def cells(self) -> int:
        return len(self.edges) - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of a namespace's data are asked for, by the leaves of a segmentation.

    `first_at` is when its data begin, for a period that needs to know.
    """

    namespace_id: int
    period: Period
    segmentation: ResolvedSegmentation | None
    first_at: datetime | None
    now: datetime

    def readings(self, names: AbstractSet[str]) -> list[Reading]:
        """Returns the sums of metrics and, where asked for, those to compare them with.

        Raises TooManyCells and ComparisonError.
        """
        spans = periods.compared(self.period, first_at=self.first_at, now=self.now)
        readings = [self.read(edges, names) for edges in spans]
        if not (self.period.compare or self.period.complete):
            return readings
        as_of = queries.data_as_of(namespace_id=self.namespace_id, now=self.now)
        if self.period.compare and (running := comparisons.running(*spans, at=as_of)):
            readings[1] = self.elapsed(readings[1], *running)
        if self.period.complete:
            readings = list(self.marked(readings, as_of=as_of))
        return readings

    def partial(self, reading: Reading, *, names: Collection[str]) -> list[str]:
        """Returns a warning where leaves have no numbers yet at its beginning."""
        since = reading.edges[0]
        return queries.partial(self.segmentation, names=names, since=since)

    def read(self, edges: Sequence[datetime], names: AbstractSet[str]) -> Reading:
        """Returns the sums in cells by their edges. Raises TooManyCells."""
        return read(
            edges,
            names,
            namespace_id=self.namespace_id,
            segmentation=self.segmentation,
        )

    def elapsed(self, whole: Reading, cell: int, end_at: datetime) -> Reading:
        """Returns earlier sums as they were when as much time had passed as now.

        The cell at `cell` ends there, and so do the sums of all cells.
        """
        names = whole.segments[0].sums.keys()
        spans = buckets.around_hours(whole.edges[cell], end_at)
        pieces = [self.read(span, names).segments for span in spans]
        segments = [
            SegmentSums(
                segment.path,
                sums.ended(segment.sums, cell, [piece.sums for piece in rest]),
            )
            for segment, *rest in zip(whole.segments, *pieces, strict=True)
        ]
        return replace(whole, segments=segments, end_at=end_at)

    def marked(
        self, readings: Iterable[Reading], *, as_of: datetime
    ) -> Iterator[Reading]:
        """Yields readings with which of their cells are complete.

        Of those that are compared with, it does not matter which time was asked for.
        """
        start, end = self.period.start, self.period.end
        for reading in readings:
            from_at = self.first_at and max(self.first_at, start or self.first_at)
            complete = periods.complete(
                reading.edges,
                start=from_at,
                end=min(as_of, end or as_of),
                cut_at=reading.end_at,
            )
            yield replace(reading, complete=complete)
            start, end = None, None


def read(
    edges: Sequence[datetime],
    names: AbstractSet[str],
    *,
    namespace_id: int,
    segmentation: ResolvedSegmentation | None,
) -> Reading:
    """Returns the sums of metrics in cells, of the whole and of leaves, in a statement.

    Raises TooManyCells.
    """
    numbers, paths = [WHOLE], list[str | None]([None])
    if segmentation:
        numbers += segmentation.segments
        paths += [leaf.path for leaf in segmentation.leaves]
    if len(edges) * len(numbers) * len(names) > MOST_NUMBERS:
        raise TooManyCells(
            f"expected at most {MOST_NUMBERS:,} numbers in all: ask for fewer cells, "
            "fewer names, or a smaller segmentation"
        )
    stored = sums.read_sums(
        namespace_id=namespace_id, names=names, segments=numbers, edges=edges
    )
    segments = [
        SegmentSums(*pair) for pair in zip(paths, stored.of_segments, strict=True)
    ]
    return Reading(edges, segments, stored.stale)
