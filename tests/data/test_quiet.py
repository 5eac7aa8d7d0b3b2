"""Work that nobody waits for gives way to whoever does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from data.quiet import Quiet

LONG = 60.0


def test_where_nothing_ran_nobody_waits() -> None:
    assert Quiet().wait(LONG, LONG)


def test_a_request_holds_others_back_until_it_ends() -> None:
    quiet, done = Quiet(), Event()
    with ThreadPoolExecutor(1) as pool:
        with quiet.request():
            waiting = pool.submit(lambda: (quiet.wait(0.01, LONG), done.set()))
            assert not done.wait(0.1), "it went on beside a request"
        assert waiting.result(LONG)[0]


def test_a_start_counts_as_a_request_that_ended() -> None:
    quiet = Quiet()
    quiet.touch()
    assert not quiet.wait(LONG, 0.01)


def test_nobody_waits_for_ever() -> None:
    quiet = Quiet()
    with quiet.request():
        assert not quiet.wait(0.01, 0.05)
    assert quiet.wait(0.0, LONG), "a request that ended counts no more"
