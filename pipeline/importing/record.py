"""Imports: files are surveyed, recorded while drains count, then aggregated.

All of it happens here, so that no worker is needed; those that run help. An import
owns its span: where there are numbers already, they stay unless told to be replaced.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import services as account_services
from accounts.queries import Scope
from events import imports, names
from events.event_body import FUTURE, Event
from events.files.lines import Rules
from events.files.reading import FileError, Reading, Source, Survey
from events.imports import Content, Progress
from pipeline.importing import catch_up, own
from pipeline.importing.catch_up import Clock
from pipeline.importing.own import ImportRefusedError

CHUNK = 25_000  # events of one transaction, at least: bounds the memory
ORDERED = timedelta(hours=1)  # that events may come late, and still are in order
CHANGED = "the files changed while they were read"
Show = Callable[[str, int, int], None]  # what is done, how much of it, of how much


@dataclass(frozen=True, slots=True)
class Plan:
    """Files that were read once and found good."""

    sources: Sequence[Source]
    rules: Rules
    survey: Survey
    digest: str
    remarks: Sequence[str]  # on what was recognised, assumed and left out

    @property
    def content(self) -> Content:
        return Content(
            digest=self.digest,
            source=", ".join(source.name for source in self.sources),
            span=self.survey.span,
            total=self.survey.events,
        )


def plan(
    sources: Sequence[Source], *, namespace: str, at: datetime, show: Show
) -> Plan:
    """Reads files to the end, and stores nothing.

    Raises FileError, naming the first line that is no event, NameLimitError, and
    ImportRefusedError.
    """
    rules = Rules(namespace=namespace, latest_at=at + FUTURE)
    reading, survey = Reading(sources, rules=rules), Survey()
    size = sum(source.path.stat().st_size for source in sources)
    with collecting():
        for events in reading:
            survey.add(events)
            names.check(survey.names)
            show("reading", reading.consumed, size)
    if not survey.events:
        raise ImportRefusedError("there are no events to import")
    names.check(survey.names, namespace=namespace)
    return Plan(sources, rules, survey, reading.digest, reading.remarks())


def run(plan: Plan, *, replace: bool, clock: Clock, show: Show) -> Progress:
    """Imports files, or goes on where an earlier run of the same was stopped.

    Raises ImportRefusedError, with nothing stored; FileError where files changed since
    they were read; LostError and NameLimitError.
    """
    name = plan.rules.namespace
    scope = Scope(account_services.ensure_namespaces([name])[name], name)
    progress = imports.latest(namespace_id=scope.id, digest=plan.digest)
    if progress is None or progress.finished_at:
        catch_up.catch_up(scope.id, clock=clock)
        progress = own.take(scope, plan.content, replace=replace, at=clock())
    progress = record(plan, progress, clock=clock, show=show)
    show("aggregating", progress.total, progress.total)
    catch_up.catch_up(scope.id, clock=clock)
    return imports.finish(progress, at=clock())


def record(plan: Plan, progress: Progress, *, clock: Clock, show: Show) -> Progress:
    """Puts all events that are not taken yet into the inbox, while drains empty it."""
    anew = own.has_replaced(progress)
    reading = Reading(plan.sources, rules=plan.rules)
    ordered = plan.survey.lag <= ORDERED
    work = catch_up.background(progress.scope.id, ordered=ordered, clock=clock)
    with collecting() as collect, work as background:
        for events in chunks(reading, skip=progress.taken):
            if progress.taken + len(events) > progress.total:
                raise FileError(CHANGED)
            progress = imports.take(progress, events, anew=anew, at=clock())
            show("recording", progress.taken, progress.total)
            background.recorded(len(events))
            collect()
    if reading.digest != plan.digest:
        raise FileError(CHANGED)
    return progress


@contextmanager
def collecting() -> Iterator[Callable[[], int]]:
    """Leaves garbage to be collected when told: events come in trees, without cycles,
    and looking through them again and again takes longer than reading them.
    """
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.enable()
        gc.unfreeze()


def chunks(reading: Reading, *, skip: int) -> Iterator[list[Event]]:
    """Yields events in lists of at least CHUNK, but for the last, without the first."""
    chunk: list[Event] = []
    for events in reading:
        chunk += events[skip:]
        skip = max(0, skip - len(events))
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
