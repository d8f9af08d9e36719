"""What pages are opened on, and what happens on them."""

from playwright.sync_api import BrowserContext, Page

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}


def watch(context: BrowserContext) -> tuple[Page, list[str], list[str]]:
    """A new page, and lists that will hold its errors and what it asks for."""
    page, errors, requests = context.new_page(), [], []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    return page, errors, requests
