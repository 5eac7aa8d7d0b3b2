"""The real nginx with the configuration that is shipped, on loopback: only addresses and folders are put in, as its image would."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

SHIPPED = Path(__file__).parents[2] / "ops" / "nginx.conf"
KNOWN = "only the proxy knows this"
LOGIN = ("ada", "lovelace")
MAIN = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 4096; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  include {folder}/portolan.conf;
}}
"""


def program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def written(folder: Path, port: int, ports: Sequence[int]) -> Path:
    """Put in what differs here; gives the main file."""
    servers = " ".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=2s;" for each in ports)
    here = {"${WEB_SERVERS}": servers, "${PROXY_SECRET}": KNOWN, "listen 8080": f"listen 127.0.0.1:{port}",
            "/etc/nginx/users/htpasswd": f"{folder}/htpasswd", "/dev/stdout": f"{folder}/access.log"}
    text = SHIPPED.read_text(encoding="utf-8")
    for told, ours in here.items():
        assert told in text, told
        text = text.replace(told, ours)
    (folder / "portolan.conf").write_text(text)
    (folder / "htpasswd").write_text(f"{LOGIN[0]}:{{PLAIN}}{LOGIN[1]}\n")
    main = folder / "nginx.conf"
    main.write_text(MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    return main


@contextmanager
def proxying(folder: Path, port: int, ports: Sequence[int]) -> Iterator[str]:
    """Run it in front of some ports; gives its address."""
    process = subprocess.Popen([str(program()), "-c", str(written(folder, port, ports)), "-e", f"{folder}/error.log"])
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(url)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def wait_until_it_answers(url: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            assert httpx.get(f"{url}/proxyz").text == "ok\n"
        except httpx.TransportError:
            assert time.monotonic() < end, "nginx does not answer"
            time.sleep(0.05)
        else:
            return
