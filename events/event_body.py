"""An event as it is sent: its fields, and what each may hold."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct

from api.unknown_fields import Vocabulary
from timegrid import times

PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
Moment = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]

PAST, FUTURE = timedelta(days=5), timedelta(minutes=5)
MAX_VALUE, MICRO = Decimal(10) ** 12, Decimal("0.000001")


# What is absent is None, and yet a null that is sent is refused: msgspec does not check
# defaults against the type.
ABSENT: Any = None


class Event(Struct):
    """One event as it was sent; `value` and `currency` are checked by `check`."""

    event_name: Text
    user_id: Text
    namespace: Text = ABSENT
    datetime: Moment = ABSENT
    value: Any = UNSET
    ensure_goal: bool = False
    event_id: Text = ABSENT
    item_id: Text = ABSENT
    order_id: Text = ABSENT
    session_id: Text = ABSENT
    currency: str = ABSENT


PROPERTIES = {
    "event_name": "string",
    "user_id": "string",
    "namespace": "string",
    "datetime": "date-time",
    "value": "number",
    "ensure_goal": "boolean",
    "event_id": "string",
    "item_id": "string",
    "order_id": "string",
    "session_id": "string",
    "currency": "string",
}
# What other products call it. Of several that may be meant, the surest: what does not
# stand here, and is not a slip away, is a field of the sender's own.
ALIASES = {
    **dict.fromkeys(["event", "name", "event_type", "action"], "event_name"),
    **dict.fromkeys(["user", "uid", "customer_id", "distinct_id"], "user_id"),
    **dict.fromkeys(["ns"], "namespace"),
    **dict.fromkeys(["timestamp", "time", "ts", "date", "at"], "datetime"),
    **dict.fromkeys(["timestamp_ms", "timestamp_micros", "occurred_at"], "datetime"),
    **dict.fromkeys(["event_time", "event_timestamp", "event_date"], "datetime"),
    **dict.fromkeys(["amount", "price", "revenue", "total", "val"], "value"),
    **dict.fromkeys(["total_price", "order_total", "order_value"], "value"),
    **dict.fromkeys(["total_amount", "event_value"], "value"),
    **dict.fromkeys(["message_id", "insert_id", "uuid"], "event_id"),
    **dict.fromkeys(["event_uuid", "idempotency_key"], "event_id"),
    **dict.fromkeys(["item", "product_id", "sku"], "item_id"),
    **dict.fromkeys(["order", "order_number"], "order_id"),
    **dict.fromkeys(["transaction", "transaction_id"], "order_id"),
    **dict.fromkeys(["session", "sid", "visit_id"], "session_id"),
    **dict.fromkeys(["currency_code"], "currency"),
    **dict.fromkeys(["is_goal"], "ensure_goal"),
}
REQUIRED = ["event_name", "user_id"]
VOCABULARY = Vocabulary(PROPERTIES, ALIASES)
VALUE_EXPECTED = "a number of at most 1e12, stored with 6 decimals"
CURRENCY = "USD"
CURRENCY_EXPECTED = (
    f"{CURRENCY}, as values are summed in dollars: convert them, or leave them out"
)

# An exponent too large for a Decimal becomes NaN or infinity instead of an exception.


class BodyError(ValueError):
    """The body was refused; `error` says why, in the API's words."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["what"])
        self.error = error


def event(sent: object) -> Event:
    """Returns an event of decoded JSON or text. Raises msgspec's ValidationError."""
    if isinstance(sent, dict) and isinstance(at := sent.get("datetime"), str):
        sent = {**sent, "datetime": moment(at)}
    return msgspec.convert(sent, Event)


def moment(text: str) -> datetime | str:
    """Returns a time; text that is none stays what it is, to be refused."""
    try:
        return times.moment(text)
    except ValueError:
        return text


def check(event: Event, *, index: int, window: tuple[datetime, datetime]) -> None:
    """Puts the value right. Raises BodyError for what only our own limits forbid."""
    event.value = None if event.value is UNSET else amount(event.value, index=index)
    if event.currency is not ABSENT and not is_summed(event.currency):
        raise invalid(index, "currency", CURRENCY_EXPECTED, event.currency)
    oldest, newest = window
    if event.datetime is not ABSENT and not oldest <= event.datetime <= newest:
        expected = f"a time in {oldest.isoformat()} to {newest.isoformat()}"
        raise invalid(index, "datetime", expected, event.datetime.isoformat())


def is_summed(currency: str) -> bool:
    """Says whether values of a currency may be added to the others."""
    return currency.upper() == CURRENCY


def amount(value: object, *, index: int) -> Decimal:
    """Returns a value with 6 decimals. Raises BodyError unless it is a number."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and -MAX_VALUE <= number <= MAX_VALUE:
            return number.quantize(MICRO)
        raise invalid(index, "value", VALUE_EXPECTED, str(number)[:100])
    raise msgspec.ValidationError


def invalid(index: int, field: str, expected: str, value: object) -> BodyError:
    what = f"Invalid event: {field} must be {expected}"
    details = {"index": index, "field": field, "expected": expected, "value": value}
    return BodyError({"what": what, **details})
