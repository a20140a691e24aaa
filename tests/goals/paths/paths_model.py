"""Goals and the paths to them in plain Python: sets of users, in order of arrival."""

from collections import Counter as Tally
from collections import defaultdict
from decimal import Decimal

from goals.counters.queries import Count
from goals.paths import queries
from goals.paths.published import Paths

Path = tuple[str, ...]
Published = tuple[int, Decimal | None, dict[str, int], dict[Path, int]]


class Model:
    """What must be published after a history: every event counts as it arrives."""

    def __init__(self) -> None:
        self.users: dict[str, set[int]] = defaultdict(set)
        self.goals: set[str] = set()
        self.paths: dict[str, Tally[Path]] = defaultdict(Tally)
        self.values: dict[str, Decimal] = {}

    def goal(self, name: str) -> None:
        self.goals.add(name)

    def event(
        self, name: str, user: int, value: Decimal | None, *, ensure_goal: bool
    ) -> None:
        if ensure_goal:
            self.goals.add(name)
        if user in self.users[name]:
            return
        if value is not None:
            self.values[name] = self.values.get(name, Decimal(0)) + value
        done = (other for other, users in self.users.items() if user in users)
        self.paths[name][tuple(sorted(done)) if name in self.goals else ()] += 1
        self.users[name].add(user)

    def singles(self, name: str) -> Tally[str]:
        """Returns event → users who had done it before they reached the goal."""
        found: Tally[str] = Tally()
        for path, users in self.paths[name].items():
            found.update(dict.fromkeys(path, users))
        return found

    def expected(self) -> dict[str, Published]:
        """Returns name → users, value sum, singles and combinations."""
        return {
            name: (
                len(users),
                self.values.get(name),
                dict(self.singles(name)),
                dict(self.paths[name]),
            )
            for name, users in self.users.items()
            if users
        }


def published(namespace_id: int) -> dict[str, Published]:
    """Returns the same as the product tells it."""
    goals = queries.goals(namespace_id=namespace_id)
    counts, paths = queries.counts_and_paths(
        namespace_id=namespace_id, goals=list(goals), least=1
    )
    return {
        one.name: (one.count, one.value_sum, *told(one, paths.get(one.id)))
        for one in counts
        if one.name is not None
    }


def told(one: Count, paths: Paths | None) -> tuple[dict[str, int], dict[Path, int]]:
    """Returns singles and combinations, of which no user is unknown."""
    if paths is None:
        return {}, {(): one.count}
    assert paths.unknown == 0
    return dict(paths.singles), dict(paths.combinations)
