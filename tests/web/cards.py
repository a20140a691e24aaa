"""What the cards of the dashboard show."""

from playwright.sync_api import Page, expect


def cards(page: Page) -> list[tuple[str, str]]:
    """Returns name and number of each card, once there are any."""
    expect(page.locator("article").first).to_be_visible()
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    return [
        (card.locator("h2").inner_text(), card.locator(".value").inner_text())
        for card in page.locator("article").all()
    ]


def value(page: Page, name: str) -> str:
    return dict(cards(page))[name]


def drawn(page: Page, number: int, *, cell: int, cells: int) -> str:
    """Returns what the chart of a card says of a cell, its time and its value."""
    over = page.locator("article .u-over").nth(number)
    box = over.bounding_box()
    assert box
    x = min(box["width"] * cell / (cells - 1), box["width"] - 2)
    over.hover(position={"x": x, "y": 20}, force=True)
    return page.locator("article .u-legend").nth(number).inner_text()
