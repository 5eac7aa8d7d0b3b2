"""The settings of a process: read once from the environment, the only place that does."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from engine.errors import SettingError

PROVIDERS: Final = ("yahoo", "alphavantage", "finnhub", "stooq", "coingecko", "ecb", "simulated")
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_UNAVAILABLE: Final = "is not available in this version"


@dataclass(frozen=True)
class Settings:
    """Everything that can be chosen from outside. URLs are None until `with_urls` says where the embedded parts run."""

    home: Path
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8050
    market_data: tuple[str, ...] = ("simulated",)
    provider_base_urls: Mapping[str, str] = field(default_factory=dict)
    provider_api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    poll_seconds: float = 1.0
    simulated_ticks_per_second: float = 20.0
    simulated_seed: int = 7
    stream_flush_ms: int = 250
    auth: str = "local"
    secret_key: str | None = field(default=None, repr=False)
    log_level: str = "info"
    log_format: str = "text"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read every setting; a value that cannot be used is an error that names the variable and the mend.

        Raises
        ------
        SettingError
            With `variable`, `value`, `reason` and `hint` in its context.
        """
        given = _Given(environ)
        market_data = given.providers("MARKET_DATA")
        return cls(
            home=Path(given.text("PORTOLAN_HOME", "~/.portolan")).expanduser().absolute(),
            database_url=given.url("DATABASE_URL", ("postgresql", "postgres", "postgresql+psycopg")),
            redis_url=given.url("REDIS_URL", ("redis", "rediss", "unix")),
            host=given.text("PORTOLAN_HOST", "127.0.0.1"),
            port=int(given.number("PORTOLAN_PORT", 8050, low=0, high=65535, whole=True)),
            market_data=market_data,
            provider_base_urls=given.of_providers("_BASE_URL"),
            provider_api_keys=given.of_providers("_API_KEY"),
            poll_seconds=given.number("POLL_SECONDS", 1 if "simulated" in market_data else 15, low=0.1, high=86400),
            simulated_ticks_per_second=given.number("SIMULATED_TICKS_PER_SECOND", 20, low=0.01, high=10_000),
            simulated_seed=int(given.number("SIMULATED_SEED", 7, low=0, high=2**32 - 1, whole=True)),
            stream_flush_ms=int(given.number("STREAM_FLUSH_MS", 250, low=10, high=60_000, whole=True)),
            auth=given.auth(),
            secret_key=given.secret(),
            log_level=given.word("LOG_LEVEL", ("info", "debug", "warning", "error", "critical")),
            log_format=given.word("LOG_FORMAT", ("text", "json")),
        ).listening(None, None)

    @property
    def address(self) -> str:
        """Where a browser finds the server."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def listening(self, host: str | None, port: int | None) -> Self:
        """Give the settings with another place to listen; without a login that is this machine only."""
        chosen = replace(self, host=self.host if host is None else host, port=self.port if port is None else port)
        if chosen.auth == "local" and chosen.host not in LOOPBACK:
            raise SettingError("PORTOLAN_HOST", chosen.host, "AUTH=local listens on this machine only",
                               hint="Use 127.0.0.1, and a proxy that asks for a login in front of it.")
        return chosen

    def with_urls(self, database_url: str, redis_url: str) -> Self:
        """Fill in where the running parts are, and the secret that is made once and kept in the home."""
        secret = self.secret_key or _kept_secret(self.home)
        return replace(self, database_url=database_url, redis_url=redis_url, secret_key=secret)

    def as_environment(self) -> dict[str, str]:
        """Give the environment from which another process reads the same settings."""
        urls = {f"{name.upper()}_BASE_URL": url for name, url in self.provider_base_urls.items()}
        keys = {f"{name.upper()}_API_KEY": key for name, key in self.provider_api_keys.items()}
        named = {
            "PORTOLAN_HOME": self.home, "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, "PORTOLAN_HOST": self.host,
            "PORTOLAN_PORT": self.port, "MARKET_DATA": ",".join(self.market_data), "POLL_SECONDS": self.poll_seconds,
            "SIMULATED_TICKS_PER_SECOND": self.simulated_ticks_per_second, "SIMULATED_SEED": self.simulated_seed,
            "STREAM_FLUSH_MS": self.stream_flush_ms, "AUTH": self.auth, "SECRET_KEY": self.secret_key, "LOG_LEVEL": self.log_level,
            "LOG_FORMAT": self.log_format,
        }
        return {**urls, **keys, **{name: str(value) for name, value in named.items() if value is not None}}


class _Given:
    """What an environment gives, read strictly. An empty variable counts as unset, but for MARKET_DATA, where it means none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def word(self, name: str, words: tuple[str, ...]) -> str:
        value = self.text(name, words[0]).lower()
        if value not in words:
            raise SettingError(name, value, "is not one of its values", hint=f"Use one of {', '.join(words)}.")
        return value

    def number(self, name: str, default: float, *, low: float, high: float, whole: bool = False) -> float:
        value = self.text(name, str(default))
        with suppress(ValueError):
            read = int(value) if whole else float(value)
            if math.isfinite(read) and low <= read <= high:
                return read
        raise SettingError(name, value, "is not a usable number", hint=f"Use a {'whole ' if whole else ''}number from {low:g} to {high:g}.")

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name, "")
        if value and urlsplit(value).scheme not in schemes:
            shown = value.split("://")[0] if "://" in value else "?"  # what follows may hold a password
            raise SettingError(name, f"{shown}://…", "is not an address of this kind", hint=f"Start it with {schemes[0]}://.")
        return value or None

    def providers(self, name: str) -> tuple[str, ...]:
        names = tuple(part.strip().lower() for part in self.environ.get(name, "simulated").split(",") if part.strip())
        for unknown in (part for part in names if part not in PROVIDERS):
            raise SettingError(name, unknown, "is not a provider", hint=f"Use some of {', '.join(PROVIDERS)}, with commas between.")
        return names

    def of_providers(self, ending: str) -> dict[str, str]:
        found = {name: self.text(name.upper() + ending, "") for name in PROVIDERS}
        return {name: value for name, value in found.items() if value}

    def auth(self) -> str:
        kind = self.word("AUTH", ("local", "password", "oidc"))
        if kind != "local":
            raise SettingError("AUTH", kind, _UNAVAILABLE, hint="Leave it unset: local, on this machine only.")
        return kind

    def secret(self) -> str | None:
        secret = self.text("SECRET_KEY", "")
        if not secret and self.text("DATABASE_URL", ""):
            raise SettingError("SECRET_KEY", "", "is required beside DATABASE_URL, because several servers must share it",
                               hint="Set it to a long random text, e.g. from `openssl rand -hex 32`.")
        return secret or None


def _kept_secret(home: Path) -> str:
    """Read the secret of this home; the first one to ask makes it, and no two make different ones."""
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = home / f"secret_key.{secrets.token_hex(8)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text(encoding="ascii").strip()
