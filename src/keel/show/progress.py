"""What a run says while it runs: an event for each stage, and a bar where it takes longer."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from tqdm import tqdm


def set_up_logging() -> None:
    """Events for people, on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), pad_event_to=12, sort_keys=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def warn_only() -> None:
    """Let stages say nothing but warnings."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


@contextmanager
def bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, to call with (steps done, steps in all); nothing without a terminal."""
    with tqdm(desc=name, disable=None, delay=1, leave=False) as shown:

        def update(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)

        yield update
