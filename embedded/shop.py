"""A simulated shop: the same seed always tells the same story, wherever it is opened.

Time is cut into blocks of five minutes. The visits that begin in a block are drawn
from a generator seeded by shop and block, so a span can be told without replaying
what came before it. A customer is named after the block of the first visit: who
comes back is found by looking back in time, so nobody has to be remembered.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from operator import itemgetter
from random import Random
from typing import NamedTuple

PURCHASE = "purchase"
RECOMMENDATION_CLICK = "recommendation_click"
RECOMMENDATION_VIEW = "recommendation_view"
PRODUCT_VIEW = "product_view"
ADD_TO_CART = "add_to_cart"

ITEMS = 200
MOST_PAGES = 6
# Measured over many weeks; with it, `rate` is the mean of whole weeks.
EVENTS_PER_VISIT = 5.28
NEW_SHARE = 0.45
KEEN_SHARE = 0.1
SHOWN, CLICKED, STAYS = 0.6, 0.07, 0.7
# Put into the cart: an item clicked, returned for or after another one; any other.
LIKED, UNLIKED = 0.2, 0.028
BOUGHT, WITHOUT_VALUE = 0.33, 0.03
# Browsers that refuse to be recognised, and orders that the backend reports: both
# come without a session_id.
NAMELESS_SHARE, BACKEND_SHARE = 0.2, 0.3

MS = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOP_TIME = timezone(timedelta(hours=1))
BLOCK_MS = 300_000
MIN_PAUSE_MS, MEAN_PAUSE_MS, MAX_PAUSE_MS = 1_000, 25_000, 150_000
# A page has at most four steps; no visit outlasts the longest pauses between them.
VISIT_BLOCKS = 4 * MOST_PAGES * MAX_PAUSE_MS // BLOCK_MS
# In blocks: people return 2 hours to 30 days after the first visit, mostly soon; the
# orders of those back within 46 hours surely follow their click within 48 hours.
SOONEST, LATEST, FRESH = 24, 8_640, 552

# The hours of a local day from 0:00, and the days of a week from Monday; means are 1.
HOURS = (
    *(0.45, 0.25, 0.15, 0.10, 0.10, 0.15, 0.30, 0.55, 0.80, 1.00, 1.10, 1.15),
    *(1.25, 1.20, 1.10, 1.10, 1.20, 1.40, 1.70, 2.05, 2.30, 2.15, 1.60, 0.85),
)
WEEKDAYS = (0.95, 0.92, 0.94, 0.97, 0.92, 1.08, 1.22)

Event = dict[str, str | float | bool]
Step = tuple[str, int]
Told = tuple[int, Event]
_at: Callable[[Told], int] = itemgetter(0)


class Customer(NamedTuple):
    """A keen one clicks the wish when first recommended, and comes back for it.

    What a nameless one does, the shop tells without a session.
    """

    user_id: str
    wish: int
    keen: bool
    nameless: bool


class Visit(NamedTuple):
    """One session: `begin` in ms since the epoch, `gone` in blocks since the first."""

    begin: int
    customer: Customer
    gone: int


class Shop:
    """The events of a shop with `rate` events a second, averaged over whole weeks.

    Raises ValueError unless the rate is positive.
    """

    def __init__(self, *, seed: int, rate: float, namespace: str = "default") -> None:
        if not rate > 0:
            raise ValueError("rate must be above 0")
        self._rate = float(rate)
        self.namespace = namespace
        # Shops that tell different stories must not share event ids.
        story = f"{seed} {self._rate}".encode()
        self._name = blake2b(story, digest_size=4).hexdigest()
        rng = Random(f"{seed} prices")
        self._prices = [_price(rng) for _ in range(ITEMS)]
        weights = list(accumulate((rank + 2) ** -0.9 for rank in range(ITEMS)))
        self._popularity = [weight / weights[-1] for weight in weights[:-1]]
        self._block = lru_cache(maxsize=VISIT_BLOCKS + 4)(self._draw_block)

    def prices(self) -> list[dict[str, str | float]]:
        """Returns the price list: `item_id` and `price` in whole cents; it stays."""
        return [
            {"item_id": _item_id(item), "price": price}
            for item, price in enumerate(self._prices)
        ]

    def events(self, start: datetime, end: datetime) -> Iterator[Event]:
        """Tells `[start, end)` in order of time; cut anywhere, parts make the whole.

        Both ends are aware datetimes. Events are shared between calls: only read them.
        """
        since, until = (-((EPOCH - at) // MS) for at in (start, end))
        waiting: list[Told] = []
        for block in range(since // BLOCK_MS - VISIT_BLOCKS, -(-until // BLOCK_MS)):
            waiting += [told for told in self._block(block) if since <= told[0] < until]
            waiting.sort(key=_at)
            ready = bisect_left(waiting, (block + 1) * BLOCK_MS, key=_at)
            yield from (event for _, event in waiting[:ready])
            del waiting[:ready]

    def _draw_block(self, block: int) -> list[Told]:
        """Returns the events of the visits that begin in a block, visit by visit."""
        rng = Random(f"{self._name} {block}")
        visits = [*self._first_visits(rng, block), *self._comebacks(rng, block)]
        told: list[Told] = []
        for number, visit in enumerate(visits):
            told += self._tell(rng, visit, f"{self._name}-{block}-{number}")
        return told

    def _first_visits(self, rng: Random, block: int) -> Iterator[Visit]:
        for number in range(self._born(block)):
            yield Visit(_moment(block, rng.random()), self._customer(block, number), 0)

    def _comebacks(self, rng: Random, block: int) -> Iterator[Visit]:
        """Yields a Poisson number of visits; the first-born of a block return more."""
        expected = self._visits(block) * (1 - NEW_SHARE)
        offset = rng.expovariate(expected)
        while offset < 1:
            gone = int(SOONEST * (LATEST / SOONEST) ** rng.random())
            number = int(rng.random() ** 2 * max(1, self._born(block - gone)))
            customer = self._customer(block - gone, number)
            yield Visit(_moment(block, offset), customer, gone)
            offset += rng.expovariate(expected)

    def _visits(self, block: int) -> float:
        """Returns how many visits are expected to begin in a block."""
        return self._rate * BLOCK_MS / 1000 / EVENTS_PER_VISIT * _bustle(block)

    def _born(self, block: int) -> int:
        """Returns how many customers have their first visit in a block."""
        return int(self._visits(block) * NEW_SHARE + self._chances(block, 0)[0])

    def _customer(self, block: int, number: int) -> Customer:
        wish, nature = self._chances(block, number + 1)
        return Customer(
            user_id=f"customer-{block}-{number}",
            wish=self._pick(wish),
            keen=nature < KEEN_SHARE,
            nameless=nature > 1 - NAMELESS_SHARE,
        )

    def _chances(self, block: int, number: int) -> tuple[float, float]:
        """Returns two chances in [0, 1) that stay with a block and number for ever."""
        key = f"{self._name} {block} {number}".encode()
        drawn = int.from_bytes(blake2b(key, digest_size=8).digest())
        return (drawn >> 32) / 2**32, (drawn & 0xFFFF_FFFF) / 2**32

    def _pick(self, chance: float) -> int:
        """Returns an item, popular ones more often (Zipf)."""
        return bisect_right(self._popularity, chance)

    def _browse(self, rng: Random, visit: Visit) -> list[Step]:
        """Returns the steps of a visit: pages, recommendations, cart, order lines."""
        chance, customer = rng.random, visit.customer
        lured = customer.keen and not visit.gone
        returned = customer.keen and 0 < visit.gone < FRESH
        liked = {customer.wish} if returned else set()
        item = customer.wish if returned else self._pick(chance())
        steps: list[Step] = []
        cart: list[Step] = []
        for _ in range(MOST_PAGES):
            steps.append((PRODUCT_VIEW, item))
            if chance() < (LIKED if cart or item in liked else UNLIKED):
                steps.append((ADD_TO_CART, item))
                cart.append((PURCHASE, item))
            item = customer.wish if lured else self._pick(chance())
            if lured or chance() < SHOWN:
                steps.append((RECOMMENDATION_VIEW, item))
                if lured or chance() < CLICKED:
                    steps.append((RECOMMENDATION_CLICK, item))
                    liked.add(item)
                    lured = False
                    continue
            if chance() > STAYS:
                break
            item = self._pick(chance())
        return steps + cart if chance() < BOUGHT else steps

    def _tell(self, rng: Random, visit: Visit, name: str) -> Iterator[Told]:
        """Yields the events of a visit; the lines of its order share one moment."""
        at = visit.begin
        by_backend = rng.random() < BACKEND_SHARE
        for number, (step, item) in enumerate(self._browse(rng, visit)):
            moment = datetime.fromtimestamp(at / 1000, SHOP_TIME)
            event: Event = {
                "event_name": step,
                "user_id": visit.customer.user_id,
                "namespace": self.namespace,
                "datetime": moment.isoformat(timespec="milliseconds"),
                "item_id": _item_id(item),
                "event_id": f"{name}-{number}",
            }
            if not visit.customer.nameless and not (step == PURCHASE and by_backend):
                event["session_id"] = name
            if step == PURCHASE:
                event |= {"order_id": f"order-{name}", "ensure_goal": True}
                if rng.random() >= WITHOUT_VALUE:
                    event["value"] = self._prices[item]
            yield at, event
            if step != PURCHASE:
                at += _pause(rng)


def _price(rng: Random) -> float:
    """Returns a price: 30 in the middle, a few above 100, and a shop-like ending."""
    dollars = max(4, round(rng.lognormvariate(3.4, 0.7)))
    return round(dollars - rng.choice((0.0, 0.01, 0.05, 0.5)), 2)


def _pause(rng: Random) -> int:
    """Returns the milliseconds between two steps."""
    pause = MIN_PAUSE_MS + rng.expovariate(1 / MEAN_PAUSE_MS)
    return int(min(pause, MAX_PAUSE_MS))


def _item_id(item: int) -> str:
    return f"item-{item:03}"


def _moment(block: int, offset: float) -> int:
    return block * BLOCK_MS + int(offset * BLOCK_MS)


def _bustle(block: int) -> float:
    """Returns the bustle in a block as a multiple of the mean, by local time."""
    local = datetime.fromtimestamp(block * BLOCK_MS / 1000, SHOP_TIME)
    hour, part = local.hour, local.minute / 60
    level = HOURS[hour] * (1 - part) + HOURS[(hour + 1) % 24] * part
    return level * WEEKDAYS[local.weekday()]
