"""Reads: whether group B differs from group A, for each A/B test of a segmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.comparison import samples, trials
from analytics.comparison.nodes import Node, NodeError, nodes
from analytics.comparison.trials import (
    Finding,
    Question,
    Sample,
    SampleRatioCheck,
    Trial,
)
from analytics.formulas import formula
from analytics.formulas.rationals import MILLIONTHS, Rationals
from analytics.models import Backfill, Metric, Unit
from analytics.series import queries
from segmentation.resolved import ResolvedSegmentation
from segmentation.tree import Group, Leaf
from timegrid import buckets
from timegrid.buckets import DAY, FIRST_AT, LAST_AT, Span

PEEKING = (
    "{test} goes on: decide when it has ended. Whoever looks every day and stops at "
    "the first difference finds one in about 1 of 5 tests in which nothing differs."
)
CHANCE = (
    "{number} comparisons: where nothing differs, about 1 in 20 shows a difference by "
    "chance. Trust the KPI that you chose before the test."
)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a test found in a time, or the reason why nothing can be said of it."""

    node: Node
    span: Span | None = None
    goes_on: bool | None = None
    ratio: SampleRatioCheck | None = None
    findings: Sequence[Finding] = ()
    reason: str | None = None


class Comparison(NamedTuple):
    """All tests of a segmentation; `as_of` is when the numbers were complete."""

    as_of: datetime
    compared: list[Compared]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is known of a segmentation: per metric an array of millionths, a row for
    each leaf.

    `since` is when the numbers begin; None while they are being filled in.
    """

    questions: Sequence[Question]
    metrics: Mapping[str, Metric]
    leaves: Sequence[Leaf]
    sums: Mapping[str, NDArray[Any]]
    since: datetime | None

    def samples(self, node: Node) -> dict[str, Sample]:
        """Returns the metrics of both groups of a test."""
        rows = [node.leads_to(group, self.leaves) for group in (Group.A, Group.B)]
        return {
            name: Sample(
                parts=Rationals.of(
                    np.stack([leaves[row].sum(axis=0) for row in rows]),
                    per=MILLIONTHS,
                ),
                counts=self.metrics[name].unit == Unit.COUNT,
            )
            for name, leaves in self.sums.items()
        }


def compare(
    *,
    namespace_id: int,
    cut: ResolvedSegmentation,
    names: Sequence[str],
    days: Span,
    now: datetime,
) -> Comparison:
    """Returns KPIs (no names: all) for each test of a segmentation, in five statements.

    `days` are whole days of UTC. All that is stored in them is compared: below the
    groups of a test there is nothing from before its start or after its end.
    """
    as_of = queries.data_as_of(namespace_id=namespace_id, now=now)
    kpis, warnings = queries.catalogue(names)
    questions = [Question(k.name, k.unit, formula.read(k.formula)) for k in kpis]
    numbers = read(questions, namespace_id=namespace_id, cut=cut, days=days)
    comparisons = [
        compared(node, numbers, days=days, as_of=as_of) for node in nodes(cut)
    ]
    return Comparison(as_of, comparisons, warnings + cautions(comparisons))


def read(
    questions: Sequence[Question],
    *,
    namespace_id: int,
    cut: ResolvedSegmentation,
    days: Span,
) -> Numbers:
    """Returns all that is stored for the questions, in three statements."""
    metrics = {metric.name: metric for metric in Metric.objects.filter(active=True)}
    pairs = zip(cut.segments, cut.leaves, strict=True)
    tested = [(number, leaf) for number, leaf in pairs if leaf.is_tested]
    names = {name for metric in questions for name in metric.names}
    sums = samples.of(
        namespace_id=namespace_id,
        metrics=samples.needed(names, metrics),
        leaves=[number for number, _ in tested],
        days=days,
    )
    leaves = [leaf for _, leaf in tested]
    return Numbers(questions, metrics, leaves, sums, since=complete_from(cut))


def whole_days(start: datetime | None, end: datetime | None) -> Span:
    """Returns the days of UTC that a time touches; None stands for no limit."""
    span = Span(start or FIRST_AT, end or LAST_AT)
    return buckets.widened([span], resolution=DAY)[0]


def complete_from(cut: ResolvedSegmentation) -> datetime | None:
    """Returns when the leaves' numbers begin; None while they are being filled in."""
    rows = Backfill.objects.filter(segmentation=cut.id).exclude(finished_at=None)
    finished = list(rows.values_list("definition", "from_at"))
    if all(definition != cut.definition for definition, _ in finished):
        return None
    return min(from_at for _, from_at in finished if from_at)


def compared(node: Node, numbers: Numbers, *, days: Span, as_of: datetime) -> Compared:
    """Returns what a test found in those days, as far as there are numbers."""
    if numbers.since is None:
        return Compared(node, reason="The segmentation is being filled: ask later.")
    within = Span(max(days.start_at, numbers.since), max(days.end_at, numbers.since))
    try:
        allocation, span = node.parting(within=within, as_of=as_of)
    except NodeError as error:
        return Compared(node, reason=str(error))
    shares = float(allocation.share_a), float(allocation.share_b)
    sampled, counted = numbers.samples(node), samples.users(numbers.metrics)
    trial = Trial(
        shares=shares,
        elapsed=span.end_at - span.start_at,
        samples=sampled,
        ratio=trials.ratio(sampled[counted.name] if counted else None, shares=shares),
    )
    return Compared(
        node=node,
        span=span,
        goes_on=allocation.end_at is None or allocation.end_at > as_of,
        ratio=trial.ratio,
        findings=[
            answered(question, trial, numbers.metrics) for question in numbers.questions
        ],
    )


def answered(
    question: Question, trial: Trial, metrics: Mapping[str, Metric]
) -> Finding:
    if question.formula is None:
        return trials.unknown(question, reason="its formula cannot be read")
    faults = [samples.fault(name, metrics) for name in question.names]
    if reason := next(filter(None, faults), None):
        return trials.unknown(question, reason=reason)
    return trials.finding(question, trial=trial)


def cautions(comparisons: Sequence[Compared]) -> list[str]:
    """Returns what everybody should know before they read the verdicts."""
    open_tests = dict.fromkeys(
        compared.node.test for compared in comparisons if compared.goes_on
    )
    warnings = [PEEKING.format(test=test) for test in open_tests]
    number = sum(len(compared.findings) for compared in comparisons)
    if number > 1:
        warnings.append(CHANCE.format(number=number))
    return warnings
