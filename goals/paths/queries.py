"""Reads: the goals of a namespace, and the paths by which its users reached them."""

from collections.abc import Iterable, Mapping, Sequence

from db import sql
from events import names
from goals.counters import queries as counter_queries
from goals.counters.queries import Count, Row
from goals.models import COMBINATIONS, UNKNOWN, Goal
from goals.paths import combinations as paths
from goals.paths import published
from goals.paths.published import Combination, Paths, Space


def goals(*, namespace_id: int) -> dict[int, str]:
    """Returns counter → name of a namespace's goals, sorted by name."""
    namespace_goals = Goal.objects.filter(namespace_id=namespace_id).order_by("name")
    return dict(namespace_goals.values_list("event_name_id", "name"))


SINGLES = """
SELECT goal_id, event_name_id, users FROM (
    SELECT goal_id, event_name_id, sum(count)::bigint AS users, row_number() OVER (
        PARTITION BY goal_id ORDER BY sum(count) DESC, event_name_id
    ) AS rank
    FROM goals_singleevent
    WHERE namespace_id = %(namespace_id)s AND goal_id = ANY(%(goals)s)
    GROUP BY 1, 2
) AS ranked
WHERE rank <= %(limit)s OR event_name_id = ANY(%(events)s::int[])
ORDER BY goal_id, rank
"""
# Combinations beyond those shown are one row, under the number of no event.
COMBINED = """
WITH total AS (
    SELECT goal_id, events, sum(count)::bigint AS users,
        events = %(unknown)s AS unknown
    FROM goals_combination
    WHERE namespace_id = %(namespace_id)s AND goal_id = ANY(%(goals)s)
    GROUP BY 1, 2
), ranked AS (
    SELECT *, row_number() OVER most AS rank, sum(bit_count(events)) OVER most AS names
    FROM total
    WINDOW most AS (PARTITION BY goal_id ORDER BY unknown, users DESC, events)
), shown AS (
    SELECT goal_id, users,
        CASE WHEN rank <= %(limit)s AND names <= %(names)s AND users >= %(least)s
            THEN events ELSE %(unknown)s END AS events
    FROM ranked
)
SELECT goal_id, events, sum(users)::bigint FROM shown GROUP BY 1, 2
"""


def counts_and_paths(
    *, namespace_id: int, goals: Sequence[int], least: int
) -> tuple[list[Count], dict[int, Paths]]:
    """Returns the counts, and counter → how its users came to it for these goals.

    Four queries. Combinations of fewer than `least` users, and those that do not fit
    into an answer, are not told apart.
    """
    limit = published.names(goals=len(goals))
    combined = combination_rows(
        namespace_id=namespace_id, goals=goals, limit=limit, least=least
    )
    before = single_rows(namespace_id=namespace_id, goals=goals, limit=limit)
    # After the paths: whoever reaches a goal meanwhile is counted with no path, not
    # twice. The names last: nothing is counted under a name before it is there.
    states = counter_queries.counter_rows(namespace_id=namespace_id)
    known = names.entries(namespace_id=namespace_id)
    counts = counter_queries.counts(states, known=known)
    return counts, excerpts(
        counts,
        combinations(combined, goals=goals, known=known),
        singles(before, goals=goals, known=known),
        space=published.space((entry.name for entry in known), goals=len(goals)),
        least=least,
    )


def excerpts(
    counts: Iterable[Count],
    combinations_of: Mapping[int, Sequence[Combination]],
    singles_of: Mapping[int, Mapping[str, int]],
    *,
    space: Space,
    least: int,
) -> dict[int, Paths]:
    """Returns counter → what is published of the paths, for each goal that is counted.

    Combinations and singles are by the goal's counter, those of all goals.
    """
    return {
        count.id: published.excerpt(
            combinations_of[count.id],
            singles_of[count.id],
            count=count.count,
            seen=count.seen,
            least=least,
            space=space,
        )
        for count in counts
        if count.id in combinations_of
    }


def combination_rows(
    *, namespace_id: int, goals: Sequence[int], limit: int, least: int
) -> list[Row]:
    """Returns the goals' combinations, for `combinations`; one query.

    Those of each goal that most users came by, with `limit` events in all.
    """
    return sql.fetch(
        COMBINED,
        namespace_id=namespace_id,
        goals=list(goals),
        unknown=UNKNOWN,
        limit=COMBINATIONS,
        names=limit,
        least=least,
    )


def combinations(
    rows: Iterable[Row], *, goals: Iterable[int], known: Iterable[names.Entry]
) -> dict[int, list[Combination]]:
    """Returns goal → combinations; one of no events has the users not told apart."""
    name_of = {entry.number: entry.name for entry in known}
    of_goal: dict[int, list[Combination]] = {goal: [] for goal in goals}
    for goal, path, users in rows:
        events = sorted(name_of[number] for number in paths.read(path))
        of_goal[goal].append(Combination(tuple(events), users))
    return of_goal


def single_rows(
    *, namespace_id: int, goals: Sequence[int], limit: int, events: Iterable[int] = ()
) -> list[Row]:
    """Returns the goals' single events, for `singles`; one query.

    The `limit` before each goal that most users had done, and these `events`.
    """
    return sql.fetch(
        SINGLES,
        namespace_id=namespace_id,
        goals=list(goals),
        limit=limit,
        events=sql.array(events),
    )


def singles(
    rows: Iterable[Row], *, goals: Iterable[int], known: Iterable[names.Entry]
) -> dict[int, dict[str, int]]:
    """Returns goal → event name → users who had done it before, the most first."""
    name_of = {entry.id: entry.name for entry in known}
    of_goal: dict[int, dict[str, int]] = {goal: {} for goal in goals}
    for goal, event, users in rows:
        of_goal[goal][name_of[event]] = users
    return of_goal
