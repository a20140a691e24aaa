"""Numbers as people read them, by unit; the dashboard's script writes them alike."""

GAP = "\N{EN DASH}"


def value(number: float | None, *, unit: str) -> str:
    """Returns "$1,234.50", "12.34%" or "1,234"; an unknown number is a dash."""
    if number is None:
        return GAP
    if unit == "usd":
        amount = f"{abs(number):,.2f}"
        return f"{sign(number, amount)}${amount}"
    amount = f"{abs(number):,.2f}".rstrip("0").removesuffix(".")
    return sign(number, amount) + amount + ("%" if unit == "percentage" else "")


def change(number: float | None, before: float | None, *, unit: str) -> str:
    """Returns how a number moved: "▲ 12.3%", of percentages "▼ 0.4 points".

    A dash where one of them is unknown; an arrow alone where it came from nothing.
    """
    if number is None or before is None:
        return GAP
    if unit == "percentage":
        return moved(number - before, " points")
    if number and not before:
        return arrow(number)
    return moved(100 * (number - before) / abs(before or 1), "%")


def moved(by: float, unit: str) -> str:
    amount = f"{abs(by):,.1f}"
    return "no change" if amount == "0.0" else f"{arrow(by)} {amount}{unit}"


def arrow(by: float) -> str:
    return "▲" if by > 0 else "▼"


def sign(number: float, amount: str) -> str:
    """Returns the sign of what is written: nothing is not negative."""
    return "\N{MINUS SIGN}" if number < 0 and amount.strip("0.") else ""
