"""What goes out: the text of a letter, the body of a webhook and its signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final
from uuid import UUID

from data.alert_records import StoredChannel, StoredEvent, StoredMessage
from data.mail import Letter

VERSION: Final = "v1"


def secret_of(key: str, channel_id: UUID, generation: int) -> str:
    """Derive the secret of a webhook. It stands nowhere; another generation of the channel, or another SECRET_KEY, has another."""
    return "whsec_" + hmac.new(key.encode(), f"webhook:{channel_id}:{generation}".encode(), hashlib.sha256).hexdigest()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Sign a body at a time: HMAC-SHA256 over `timestamp.body`, in hexadecimal."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def body_of(event: StoredEvent) -> dict[str, Any]:
    """Give what a message says of an event."""
    return {"type": "alert", "event_id": str(event.id), "rule_id": str(event.rule_id), "at": event.created_at.isoformat(), "title": event.title,
            "message": event.message, "value": event.value, **event.context}


def test_body(channel: StoredChannel, at: str) -> dict[str, Any]:
    """Give what a test message says."""
    return {"type": "test", "event_id": None, "rule_id": None, "at": at, "title": f"Test of {channel.name}",
            "message": "This is a test. Alerts of Portolan arrive here."}


def webhook_body(message: StoredMessage) -> bytes:
    """Write the body of a webhook: the same bytes however often it is sent."""
    return json.dumps({"id": str(message.id), **message.body}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def webhook_headers(message: StoredMessage, secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Give the headers of a webhook; the id is the same however often it is sent, the timestamp is of the sending."""
    return {"Content-Type": "application/json", "User-Agent": "Portolan", "X-Portolan-Id": str(message.id), "X-Portolan-Timestamp": str(timestamp),
            "X-Portolan-Signature": f"{VERSION}={signature(secret, timestamp, body)}", "X-Portolan-Event": str(message.body.get("type", "alert"))}


def letter_of(message: StoredMessage) -> Letter:
    """Write the letter of a message."""
    told = message.body
    lines = [str(told["message"]), "", *([f"Note: {told['note']}", ""] if told.get("note") else []), f"At {told['at']}",
             "Sent by Portolan. Switch the rule or this address off on its page Alerts."]
    return Letter(message.id, message.channel.address, str(told["title"]), "\n".join(lines), message.created_at)
