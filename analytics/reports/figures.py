"""Numbers as people read them, by unit; the dashboard's script writes them alike."""

from decimal import ROUND_HALF_UP, Decimal

GAP = "\N{EN DASH}"


def value(number: float | None, *, unit: str) -> str:
    """Returns "$1,234.50", "12.34%" or "1,234"; an unknown number is a dash."""
    if number is None:
        return GAP
    if unit == "usd":
        amount = f"{abs(number):,.2f}"
        return f"{sign(number, amount)}${amount}"
    amount = plain(abs(shown(number)))
    return sign(number, amount) + amount + ("%" if unit == "percentage" else "")


def change(number: float | None, before: float | None, *, unit: str) -> str:
    """Returns how a number moved: "▲ 12.3%", of percentages "▼ 0.06 points".

    It is the change of what is shown, so that whoever reckons it again finds the same.
    A dash where one of them is unknown; an arrow alone where it came from nothing.
    """
    if number is None or before is None:
        return GAP
    now, then = shown(number), shown(before)
    if now == then:
        return "no change"
    if unit == "percentage":
        points = f"{abs(now - then):,.2f}".removesuffix("0")
        return f"{arrow(now - then)} {points} points"
    if not then:
        return arrow(now - then)
    return f"{arrow(now - then)} {share(100 * abs(now - then) / abs(then))}"


def shown(number: float) -> Decimal:
    """Returns a number as `value` rounds it."""
    return Decimal(f"{number:.2f}")


def plain(amount: Decimal) -> str:
    """Returns up to two decimals, those that there are."""
    return f"{amount:,.2f}".rstrip("0").removesuffix(".")


def share(percent: Decimal) -> str:
    """Returns a percentage with one decimal; one that is not nothing is not 0.0."""
    rounded = percent.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{rounded:,}%" if rounded else "less than 0.1%"


def arrow(by: Decimal) -> str:
    return "▲" if by > 0 else "▼"


def sign(number: float, amount: str) -> str:
    """Returns the sign of what is written: nothing is not negative."""
    return "\N{MINUS SIGN}" if number < 0 and amount.strip("0.") else ""
