from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.settings import Settings
from engine.errors import SettingError

SERVERS = {"DATABASE_URL": "postgresql://u:secret@db/p", "REDIS_URL": "redis://cache", "SECRET_KEY": "k" * 32}


def test_unset_is_the_contract() -> None:
    settings = Settings.from_env({})
    assert settings.home == Path("~/.portolan").expanduser()
    assert (settings.database_url, settings.redis_url, settings.secret_key) == (None, None, None)
    assert settings.market_data == ("simulated",)
    assert (settings.poll_seconds, settings.simulated_ticks_per_second, settings.simulated_seed, settings.stream_flush_ms) == (1, 20, 7, 250)
    assert (settings.auth, settings.log_level, settings.log_format) == ("local", "info", "text")
    assert settings.address == "http://127.0.0.1:8050"


def test_polling_is_slower_without_the_simulated_market() -> None:
    assert Settings.from_env({"MARKET_DATA": "yahoo, ECB"}).market_data == ("yahoo", "ecb")
    assert Settings.from_env({"MARKET_DATA": "yahoo"}).poll_seconds == 15
    assert Settings.from_env({"MARKET_DATA": "yahoo,simulated"}).poll_seconds == 1


def test_an_empty_market_is_none_and_other_empty_variables_are_unset() -> None:
    settings = Settings.from_env({"MARKET_DATA": "", "POLL_SECONDS": " ", "DATABASE_URL": "", "PORTOLAN_HOME": ""})
    assert settings.market_data == ()
    assert settings.poll_seconds == 15
    assert settings.database_url is None


def test_providers_have_addresses_and_keys() -> None:
    settings = Settings.from_env({"YAHOO_BASE_URL": "http://127.0.0.1:9", "ALPHAVANTAGE_API_KEY": "key"})
    assert settings.provider_base_urls == {"yahoo": "http://127.0.0.1:9"}
    assert settings.provider_api_keys == {"alphavantage": "key"}


@pytest.mark.parametrize(("variable", "value", "mend"), [
    ("POLL_SECONDS", "often", "number"),
    ("POLL_SECONDS", "nan", "number"),
    ("POLL_SECONDS", "0", "0.1"),
    ("SIMULATED_SEED", "7.5", "whole number"),
    ("SIMULATED_SEED", "-1", "0"),
    ("PORTOLAN_PORT", "70000", "65535"),
    ("STREAM_FLUSH_MS", "1e3", "whole number"),
    ("MARKET_DATA", "simulated,bloomberg", "yahoo"),
    ("YAHOO_BASE_URL", "ftp://yahoo.example", "https://"),
    ("YAHOO_BASE_URL", "https://", "https://host"),
    ("YAHOO_PER_DAY", "many", "number"),
    ("YAHOO_PER_MINUTE", "-1", "0"),
    ("LOG_FORMAT", "xml", "json"),
    ("AUTH", "none", "local"),
    ("AUTH", "oidc", "local"),
    ("PORTOLAN_HOST", "192.168.1.5", "127.0.0.1"),
    ("REDIS_URL", "http://cache", "redis://"),
    ("DATABASE_URL", "mysql://u:secret@db/p", "postgresql://"),
])
def test_a_bad_value_names_the_variable_and_the_mend(variable: str, value: str, mend: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_env({variable: value})
    assert caught.value.context["variable"] == variable
    assert variable in caught.value.message
    assert mend in caught.value.context["hint"]
    assert "secret" not in caught.value.message


def test_a_shared_database_needs_a_shared_secret() -> None:
    with pytest.raises(SettingError, match="SECRET_KEY"):
        Settings.from_env({key: value for key, value in SERVERS.items() if key != "SECRET_KEY"})
    assert Settings.from_env(SERVERS).secret_key == "k" * 32


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings.from_env({**SERVERS, "FINNHUB_API_KEY": "hidden"}))
    assert "secret@" not in shown
    assert "hidden" not in shown
    assert "k" * 32 not in shown


def test_other_processes_read_the_same_settings(tmp_path: Path) -> None:
    given = {"PORTOLAN_HOME": str(tmp_path), "MARKET_DATA": "yahoo", "POLL_SECONDS": "2.5", "SIMULATED_SEED": "9", "PORTOLAN_PORT": "9000",
             "YAHOO_BASE_URL": "http://127.0.0.1:9", "FINNHUB_API_KEY": "key", "LOG_FORMAT": "json"}
    settings = Settings.from_env(given).with_urls("postgresql://p@/p?host=/tmp", "unix:///tmp/r.sock")
    assert Settings.from_env(settings.as_environment()) == settings


def test_the_secret_is_made_once_and_kept_closed(tmp_path: Path) -> None:
    settings = Settings.from_env({"PORTOLAN_HOME": str(tmp_path / "new")})
    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(lambda _: settings.with_urls("postgresql://x", "redis://x").secret_key, range(16)))
    assert len(secrets) == 1
    assert len(secrets.pop() or "") > 32
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret_key"]


def test_the_command_line_chooses_where_to_listen() -> None:
    settings = Settings.from_env({})
    assert settings.listening(None, 0).port == 0
    assert settings.listening("::1", 9).address == "http://[::1]:9"
    with pytest.raises(SettingError, match="this machine only"):
        settings.listening("192.168.1.5", None)


def test_hosts_of_endpoints_are_read_and_asked() -> None:
    settings = Settings.from_env({"ENDPOINT_HOSTS": "prices.example.com, *.example.org,https://a.example:8443", "MARKET_DATA": "ecb"})
    assert settings.endpoint_hosts == ("prices.example.com", "*.example.org", "https://a.example:8443")
    assert settings.market_data == ("ecb", "endpoint")
    assert Settings.from_env(settings.as_environment()).endpoint_hosts == settings.endpoint_hosts
    assert Settings.from_env({}).endpoint_hosts == ()


@pytest.mark.parametrize("host", ["https://a.example/path", "ftp://a.example", "user@a.example", "a b", "*", "a.*.example", "a.example:x"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(SettingError) as raised:
        Settings.from_env({"ENDPOINT_HOSTS": host})
    assert raised.value.context["variable"] == "ENDPOINT_HOSTS"


def test_the_folder_of_files() -> None:
    assert Settings.from_env({"QUOTES_FOLDER": "/tmp/prices"}).quotes_folder == Path("/tmp/prices")  # noqa: S108  # nothing is written there
    assert Settings.from_env({}).quotes_folder is None


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_proxy_needs_a_secret_that_is_not_guessed_and_not_told(secret: str) -> None:
    with pytest.raises(SettingError, match="PROXY_SECRET") as caught:
        Settings.from_env({"AUTH": "proxy", "PROXY_SECRET": secret, "PORTOLAN_HOST": "0.0.0.0"})  # noqa: S104  # what a container listens on
    assert "short" not in str(caught.value)
    assert "short" not in str(caught.value.context)


def test_a_proxy_s_secret_lets_a_server_listen_and_is_in_no_text() -> None:
    given = {"AUTH": "proxy", "PROXY_SECRET": "a-long-secret-of-the-proxy", "PORTOLAN_HOST": "0.0.0.0"}  # noqa: S104  # likewise
    settings = Settings.from_env(given)
    assert "a-long-secret" not in repr(settings)
    assert Settings.from_env(settings.as_environment()).proxy_secret == given["PROXY_SECRET"], "workers know it too"
    with pytest.raises(SettingError, match="this machine only"):
        Settings.from_env({"PROXY_SECRET": "a-long-secret-of-the-proxy", "PORTOLAN_HOST": "0.0.0.0"})  # noqa: S104  # without AUTH=proxy
