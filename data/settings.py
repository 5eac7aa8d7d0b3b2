"""The settings of a process: read once from the environment, the only place that does."""

from __future__ import annotations

import math
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from data.budgets import Limits
from engine.errors import SettingError

PROVIDERS: Final = Path(__file__).parent / "providers"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
HOST: Final = re.compile(r"(https?://)?(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?/?")
SHORTEST_SECRET: Final = 16
_UNAVAILABLE: Final = "is not available in this version"


@dataclass(frozen=True)
class Smtp:
    """The server that letters are handed to. Port 465 speaks TLS from the first byte; others are asked for STARTTLS."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def as_environment(self) -> dict[str, str | int | None]:
        """Give the variables that it is read from."""
        return {"SMTP_HOST": self.host, "SMTP_PORT": self.port, "SMTP_FROM": self.sender, "SMTP_USER": self.user, "SMTP_PASSWORD": self.password}


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
    provider_stream_urls: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a key
    provider_api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    provider_per_day: Mapping[str, float] = field(default_factory=dict)
    provider_per_minute: Mapping[str, float] = field(default_factory=dict)
    endpoint_hosts: tuple[str, ...] = ()
    quotes_folder: Path | None = None  # where price files are dropped; in the home where None
    poll_seconds: float = 1.0
    simulated_ticks_per_second: float = 20.0
    simulated_seed: int = 7
    replay_speed: float = 1.0
    stream_flush_ms: int = 250
    stream_clients: int = 2_000  # connections of one process
    stream_clients_per_user: int = 200
    auth: str = "local"
    proxy_secret: str | None = field(default=None, repr=False)  # what AUTH=proxy knows a request by that came through the proxy
    secret_key: str | None = field(default=None, repr=False)
    smtp: Smtp | None = None
    engine_cluster: str | None = None  # where firm-wide runs are worked out: tcp://host:port, local or none; None: where it pays
    otel_endpoint: str | None = field(default=None, repr=False)  # where traces go; may hold a password
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
        hosts = given.hosts("ENDPOINT_HOSTS")
        market_data = given.providers("MARKET_DATA")
        if hosts and "endpoint" not in names_of(market_data):
            market_data = (*market_data, "endpoint")  # who names hosts wants them asked
        return cls(
            home=Path(given.text("PORTOLAN_HOME", "~/.portolan")).expanduser().absolute(),
            database_url=given.url("DATABASE_URL", ("postgresql", "postgres", "postgresql+psycopg")),
            redis_url=given.url("REDIS_URL", ("redis", "rediss", "unix")),
            host=given.text("PORTOLAN_HOST", "127.0.0.1"),
            port=int(given.number("PORTOLAN_PORT", 8050, low=0, high=65535, whole=True)),
            market_data=market_data,
            provider_base_urls=given.addresses_of_providers("_BASE_URL", ("https", "http")),
            provider_stream_urls=given.addresses_of_providers("_STREAM_URL", ("wss", "ws")),
            provider_api_keys=given.of_providers("_API_KEY"),
            provider_per_day=given.numbers_of_providers("_PER_DAY"),
            provider_per_minute=given.numbers_of_providers("_PER_MINUTE"),
            endpoint_hosts=hosts,
            quotes_folder=Path(folder).expanduser().absolute() if (folder := given.text("QUOTES_FOLDER", "")) else None,
            poll_seconds=given.number("POLL_SECONDS", 1 if {"simulated", "replay"} & set(names_of(market_data)) else 15, low=0.1, high=86400),
            simulated_ticks_per_second=given.number("SIMULATED_TICKS_PER_SECOND", 20, low=0.01, high=10_000),
            simulated_seed=int(given.number("SIMULATED_SEED", 7, low=0, high=2**32 - 1, whole=True)),
            replay_speed=given.number("REPLAY_SPEED", 1, low=1, high=1000),
            stream_flush_ms=int(given.number("STREAM_FLUSH_MS", 250, low=10, high=60_000, whole=True)),
            stream_clients=int(given.number("STREAM_CLIENTS", 2_000, low=1, high=100_000, whole=True)),
            stream_clients_per_user=int(given.number("STREAM_CLIENTS_PER_USER", 200, low=1, high=100_000, whole=True)),
            auth=given.auth(),
            proxy_secret=given.proxy_secret(),
            secret_key=given.secret(),
            smtp=given.smtp(),
            engine_cluster=given.cluster(),
            otel_endpoint=given.url("OTEL_EXPORTER_OTLP_ENDPOINT", ("http", "https")),
            log_level=given.word("LOG_LEVEL", ("info", "debug", "warning", "error", "critical")),
            log_format=given.word("LOG_FORMAT", ("text", "json")),
        ).listening(None, None)

    @property
    def address(self) -> str:
        """Where a browser finds the server."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def limits_of(self, provider: str, limits: Limits) -> Limits:
        """Give a provider's limits, with those of the user's plan in their place."""
        minute, day = self.provider_per_minute.get(provider), self.provider_per_day.get(provider)
        told = replace(limits, per_day=int(day)) if day is not None else limits
        return replace(told, per_second=minute / 60, burst=max(int(minute / 6), 1)) if minute is not None else told

    def listening(self, host: str | None, port: int | None) -> Self:
        """Give the settings with another place to listen; without a login that is this machine only."""
        chosen = replace(self, host=self.host if host is None else host, port=self.port if port is None else port)
        if chosen.auth == "local" and chosen.host not in LOOPBACK:
            raise SettingError("PORTOLAN_HOST", chosen.host, "AUTH=local listens on this machine only",
                               hint="Use 127.0.0.1, or AUTH=proxy behind a proxy that asks for a login.")
        return chosen

    def with_urls(self, database_url: str, redis_url: str) -> Self:
        """Fill in where the running parts are, and the secret that is made once and kept in the home."""
        secret = self.secret_key or _kept_secret(self.home)
        return replace(self, database_url=database_url, redis_url=redis_url, secret_key=secret)

    def as_environment(self) -> dict[str, str]:
        """Give the environment from which another process reads the same settings."""
        urls = {f"{name.upper()}_BASE_URL": url for name, url in self.provider_base_urls.items()}
        urls |= {f"{name.upper()}_STREAM_URL": url for name, url in self.provider_stream_urls.items()}
        keys = {f"{name.upper()}_API_KEY": key for name, key in self.provider_api_keys.items()}
        named = {
            "PORTOLAN_HOME": self.home, "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, "PORTOLAN_HOST": self.host,
            "PORTOLAN_PORT": self.port, "MARKET_DATA": ",".join(self.market_data), "POLL_SECONDS": self.poll_seconds,
            "SIMULATED_TICKS_PER_SECOND": self.simulated_ticks_per_second, "SIMULATED_SEED": self.simulated_seed, "REPLAY_SPEED": self.replay_speed,
            "STREAM_FLUSH_MS": self.stream_flush_ms, "AUTH": self.auth, "PROXY_SECRET": self.proxy_secret,
            "SECRET_KEY": self.secret_key, "LOG_LEVEL": self.log_level, "LOG_FORMAT": self.log_format,
            "ENDPOINT_HOSTS": ",".join(self.endpoint_hosts) or None, "QUOTES_FOLDER": self.quotes_folder,
            "ENGINE_CLUSTER": self.engine_cluster, "STREAM_CLIENTS": self.stream_clients, "STREAM_CLIENTS_PER_USER": self.stream_clients_per_user,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otel_endpoint,
            **(self.smtp.as_environment() if self.smtp else {}),
        }
        days = {f"{name.upper()}_PER_DAY": f"{number:g}" for name, number in self.provider_per_day.items()}
        minutes = {f"{name.upper()}_PER_MINUTE": f"{number:g}" for name, number in self.provider_per_minute.items()}
        return {**urls, **keys, **days, **minutes, **{name: str(value) for name, value in named.items() if value is not None}}


def names_of(entries: Iterable[str]) -> tuple[str, ...]:
    """Give the names of providers without what stands behind the colon."""
    return tuple(entry.partition(":")[0] for entry in entries)


@cache
def known_providers() -> tuple[str, ...]:
    """Give the name of every provider: those modules of `data/providers` that say `PROVIDER = ...`."""
    files = sorted(PROVIDERS.glob("*.py"))
    return tuple(path.stem for path in files if re.search(r"^PROVIDER\b.*=", path.read_text(encoding="utf-8"), re.MULTILINE))


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
        told = (part.strip().partition(":") for part in self.environ.get(name, "simulated").split(",") if part.strip())
        entries = tuple(f"{word.strip().lower()}{colon}{argument.strip()}" for word, colon, argument in told)
        for unknown in (word for word in names_of(entries) if word not in known_providers()):
            raise SettingError(name, unknown, "is not a provider", hint=f"Use some of {', '.join(known_providers())}, with commas between.")
        return entries

    def hosts(self, name: str) -> tuple[str, ...]:
        entries = tuple(part.strip() for part in self.text(name, "").split(",") if part.strip())
        for wrong in (entry for entry in entries if not HOST.fullmatch(entry.lower())):
            raise SettingError(name, wrong, "is not a host", hint="Name hosts such as prices.example.com, *.example.org or https://a.example:8443.")
        return entries

    def of_providers(self, ending: str) -> dict[str, str]:
        found = {name: self.text(name.upper() + ending, "") for name in known_providers()}
        return {name: value for name, value in found.items() if value}

    def addresses_of_providers(self, ending: str, schemes: tuple[str, ...]) -> dict[str, str]:
        found = {name: self.url(name.upper() + ending, schemes) for name in self.of_providers(ending)}
        for name in (name for name, url in found.items() if not urlsplit(url or "").hostname):
            raise SettingError(name.upper() + ending, "?", "names no host", hint=f"Write it as {schemes[0]}://host, with a path where there is one.")
        return {name: url for name, url in found.items() if url}

    def numbers_of_providers(self, ending: str) -> dict[str, float]:
        given = {name: name.upper() + ending for name in self.of_providers(ending)}
        return {name: self.number(variable, 0, low=0, high=10_000_000) for name, variable in given.items()}

    def auth(self) -> str:
        kind = self.word("AUTH", ("local", "proxy", "password", "oidc"))
        if kind in {"password", "oidc"}:
            raise SettingError("AUTH", kind, _UNAVAILABLE, hint="Leave it unset: local, on this machine only; or proxy.")
        return kind

    def proxy_secret(self) -> str | None:
        secret = self.text("PROXY_SECRET", "")
        if self.auth() != "proxy":
            return None
        if len(secret) < SHORTEST_SECRET:
            raise SettingError("PROXY_SECRET", "…" if secret else "", f"AUTH=proxy needs one of {SHORTEST_SECRET} characters or more",
                               hint="Set it here and in the proxy to a long random text, e.g. from `openssl rand -hex 32`.")
        return secret

    def smtp(self) -> Smtp | None:
        host, sender = self.text("SMTP_HOST", ""), self.text("SMTP_FROM", "")
        port = int(self.number("SMTP_PORT", 587, low=1, high=65535, whole=True))
        if host and "@" not in sender:
            raise SettingError("SMTP_FROM", sender, "is not an address, and SMTP_HOST needs one", hint="Set it to who the letters are from.")
        return Smtp(host, port, sender, self.text("SMTP_USER", "") or None, self.text("SMTP_PASSWORD", "") or None) if host else None

    def cluster(self) -> str | None:
        value = self.text("ENGINE_CLUSTER", "")
        told = urlsplit(value)
        if not value or value in {"local", "none"} or (told.scheme in {"tcp", "tls"} and told.hostname and told.netloc.rpartition(":")[2].isdigit()):
            return value or None
        raise SettingError("ENGINE_CLUSTER", value, "is not the address of a Dask scheduler", hint="Use tcp://host:8786, local, or none.")

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
