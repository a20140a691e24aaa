"""Runs: what wrote buckets, when and why."""

from datetime import datetime

from django.db.models.functions import Now

from analytics.models import AggregationRun, Cause


def begin(*, namespace_id: int, cause: Cause, at: datetime) -> AggregationRun:
    """Returns a new run: buckets carry its number, so that it comes before them."""
    return AggregationRun.objects.create(
        namespace_id=namespace_id, cause=cause, started_at=at
    )


def finish(run: AggregationRun, *, buckets: int) -> AggregationRun:
    """Says how many buckets a run wrote, and that it is over."""
    run.buckets, run.finished_at = buckets, Now()
    run.save(update_fields=["batches", "events", "buckets", "finished_at"])
    run.refresh_from_db(fields=["finished_at"])
    return run
