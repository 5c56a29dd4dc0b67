"""Browser windows that watch the pages they show: no error in the console, no answer of 500."""

import shutil
from contextlib import contextmanager

from playwright.sync_api import Error, expect

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=20_000)


def launch(playwright):
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing, and without it the pages are not tested: install chromium."
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)


class Visits:
    """The windows that one test opens, and what went wrong in any of them."""

    def __init__(self, browser, url, session, folder):
        self._browser = browser
        self._folder = folder
        self._url = url
        self._session = session
        self._contexts = []
        self._expected = []
        self._complaints = []

    def open(self, *, signed_in=True, url=None, **options):
        """A page in a window of its own; paths are relative to the site."""
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = self._browser.new_context(base_url=url or self._url, **options)
        self._contexts.append(context)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._complaints.append(f"exception: {error.error}"))
        context.on("response", self._see)
        if signed_in:
            context.add_cookies([{"name": "sessionid", "value": self._session, "url": self._url}])
        return context.new_page()

    def expect_status(self, number):
        """The browser may note in its console that an answer had this status."""
        self._expected.append(f"the server responded with a status of {number} ")

    def complaints(self):
        """What the console said and what the server broke, but for what was expected."""
        return [
            text for text in self._complaints if not any(part in text for part in self._expected)
        ]

    def pictures(self):
        """Save what every window shows; says where."""
        pages = [page for context in self._contexts for page in context.pages]
        return [self._pictured(number, page) for number, page in enumerate(pages, 1)]

    def _pictured(self, number, page):
        file = self._folder / f"window-{number}.png"
        try:
            page.screenshot(path=file, full_page=True)
        except Error as error:  # a window that has gone must not hide why the test failed
            return f"window {number} shows nothing: {error}"
        return f"{page.url}: {file}"

    def close(self):
        for context in self._contexts:
            context.close()

    def _hear(self, message):
        if message.type == "error":
            where = message.location["url"]
            self._complaints.append(f"console of {message.page.url}: {message.text} ({where})")

    def _see(self, response):
        if response.status >= 500:
            self._complaints.append(f"{response.status}: {response.url}")


@contextmanager
def staying_on(page):
    """What happens inside happens on one page: it is neither reloaded nor left."""
    page.evaluate("() => { window.isStillThere = true }")
    yield
    assert page.evaluate("() => window.isStillThere"), "The page was loaded anew."
