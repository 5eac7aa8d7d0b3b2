"""What is shipped to run Portolan elsewhere is held against schemas, against the programs that read it, and against this code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from fastapi.testclient import TestClient
from jsonschema import Draft7Validator
from prometheus_client import CollectorRegistry

from api.system import Metrics
from tests.receivers.nginx import program, written

if TYPE_CHECKING:
    from data.database import Database
    from data.settings import Settings
    from services import Services

ROOT = Path(__file__).parents[1]
OPS = ROOT / "ops"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("portolan:")}
MANIFESTS = [each for path in sorted((OPS / "kubernetes").glob("*.yaml")) for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
RULES = [rule for group in yaml.safe_load((OPS / "alerts.yml").read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
BOARD = json.loads((OPS / "grafana.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
BY_PROMETHEUS = {"job", "instance", "exported_job", "le"}
MADE_BY_HAND = {"./ops/htpasswd"}
KUBERNETES = "1.34"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and pod of everything that runs."""
    for each in MANIFESTS:
        if each["kind"] in {"Deployment", "Job"}:
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def containers(image: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, box) for name, pod in pods() for box in pod["containers"] if box["image"].startswith(image))


# ------------------------------------------------------------------------------------------------------------------------ schemas


def test_compose_is_as_its_specification_says() -> None:
    found = find_spec("check_jsonschema")
    assert found is not None
    schema = Path(str(found.origin)).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    problems = list(Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).iter_errors(COMPOSE))
    assert not problems, problems[0].message


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_manifests_are_as_kubernetes_says(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


# ----------------------------------------------------------------------------------------------------------------------- our code


def test_every_variable_is_a_setting() -> None:
    known = set(re.findall(r'"([A-Z][A-Z_]{3,})"', (ROOT / "data" / "settings.py").read_text(encoding="utf-8")))
    named = {name for service in OURS.values() for name in service["environment"]}
    named |= {each["name"] for _, box in containers("portolan:") for each in box["env"]}
    named |= set(next(each for each in MANIFESTS if each["kind"] == "ConfigMap")["data"])
    named |= {name for name in re.findall(r"(\w+)=", env_of_dockerfile()) if not name.startswith(("PATH", "PYTHON"))}
    assert {"DATABASE_URL", "PROXY_SECRET", "PORTOLAN_HOST"} <= named
    assert not named - known


def env_of_dockerfile() -> str:
    return "\n".join(line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line.startswith("ENV "))


def test_every_command_is_one_of_ours() -> None:
    import app  # noqa: PLC0415  # all of the house

    commands = [service["command"] for service in OURS.values()] + [box["args"] for _, box in containers("portolan:")]
    verbs = {app.parser().parse_args(command).verb.__name__ for command in commands}
    assert verbs == {"serve", "poll", "run_migrations"}


def test_web_processes_leave_prices_to_the_poller() -> None:
    for name, command in [*((n, s["command"]) for n, s in OURS.items()), *((n, b["args"]) for n, b in containers("portolan:"))]:
        if "web" in name:
            assert {"--no-poll", "--no-demo"} <= set(command)


@pytest.mark.parametrize("kind", ["screens", "poller"])
def test_probes_are_answered_and_nothing_else_without_the_secret(kind: str, services: Services, settings: Settings) -> None:
    import server  # noqa: PLC0415  # likewise

    guarded = replace(settings, auth="proxy", proxy_secret="only the proxy knows")  # noqa: S106
    app = server.create_server(guarded, services=services) if kind == "screens" else server.create_watch(services)
    probes = {box[probe]["httpGet"]["path"] for _, box in containers("portolan:") for probe in box if probe.endswith("Probe")}
    client = TestClient(app, base_url="http://10.1.2.3:8050")
    assert probes == {"/healthz", "/readyz"}
    assert {path: client.get(path).status_code for path in (*probes, "/metrics")} == dict.fromkeys((*probes, "/metrics"), 200)
    if kind == "screens":
        assert client.get("/api/v1/portfolios").json()["code"] == "not_through_the_proxy"
        assert client.get("/api/v1/portfolios", headers={"X-Portolan-Proxy": "only the proxy knows"}).status_code == 200
    else:
        assert client.get("/api/v1/portfolios").status_code == 404


# -------------------------------------------------------------------------------------------------------------------------- image


def test_the_image_holds_what_runs_and_nothing_else() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    rooms = {"api", "assets", "callbacks", "components", "data", "engine", "pages", "services", "app.py", "server.py"}
    assert let_in == rooms | {"requirements.txt", "requirements-traces.txt", "requirements.lock"}
    assert all((ROOT / name).exists() for name in let_in)


def test_the_image_is_nobody_s_root_and_says_whether_it_lives() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages, last = text.count("\nFROM "), text.rpartition("\nFROM ")[2]
    assert stages == 2
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "/healthz" in last.partition("HEALTHCHECK")[2].partition("ENTRYPOINT")[0]
    assert 'ENTRYPOINT ["python", "app.py"]' in last
    health = re.search(r'CMD (\["python", "-c".+\])', last)
    assert health is not None
    compile(json.loads(health.group(1))[2], "HEALTHCHECK", "exec")


# --------------------------------------------------------------------------------------------------------------- compose and pods


def test_containers_of_ours_can_do_little() -> None:
    for name, service in OURS.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
    for name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
    for name, box in containers():
        assert box["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, name
        assert {"requests", "limits"} <= set(box["resources"]), name


def test_what_answers_has_probes_and_a_budget() -> None:
    budgets = {each["metadata"]["name"]: each["spec"]["selector"] for each in MANIFESTS if each["kind"] == "PodDisruptionBudget"}
    for each in (each for each in MANIFESTS if each["kind"] == "Deployment"):
        labels, (box,) = each["spec"]["template"]["metadata"]["labels"], each["spec"]["template"]["spec"]["containers"]
        assert {"livenessProbe", "readinessProbe"} <= set(box)
        assert each["spec"]["replicas"] >= 2
        assert budgets[each["metadata"]["name"]]["matchLabels"].items() <= labels.items()
        assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_secrets_are_named_and_never_written() -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PROXY_SECRET"}
    for name, box in containers("portolan:"):
        assert {each["name"] for each in box["env"] if "secretKeyRef" in each.get("valueFrom", {})} == hidden, name
    written_out = re.findall(r"(?:PASSWORD|SECRET|SECRET_KEY): (?!\"?\$\{)\S+", (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert not written_out


def test_the_proxy_knows_every_web_process_and_prometheus_every_process() -> None:
    webs = {name: service["networks"]["inside"]["ipv4_address"] for name, service in OURS.items() if name.startswith("web")}
    assert len(webs) >= 2
    told = COMPOSE["services"]["proxy"]["environment"]["WEB_SERVERS"]
    assert re.findall(r"server ([\d.]+):8050 ", told) == list(webs.values())
    asked = yaml.safe_load((OPS / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert {target for each in asked for one in each["static_configs"] for target in one["targets"]} == {f"{name}:8050" for name in (*webs, "poller")}


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = {str(volume).split(":")[0] for service in COMPOSE["services"].values() for volume in service.get("volumes", [])}
    files = {path for path in mounted if path.startswith("./")} - MADE_BY_HAND
    assert len(files) >= 5
    assert all((ROOT / path).is_file() for path in files)


# ---------------------------------------------------------------------------------------------------------------------- monitoring


def known_metrics(registry: CollectorRegistry) -> dict[str, set[str]]:
    """Names of samples as Prometheus has them, each with its labels, as far as they are known before anything is counted."""
    found: dict[str, set[str]] = {}
    for family in registry.collect():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        for ending in endings:
            found.setdefault(family.name + ending, set()).update(*(sample.labels for sample in family.samples))
    for collector in list(registry._collector_to_names):
        for name in registry._collector_to_names[collector]:
            found.setdefault(name, set()).update(getattr(collector, "_labelnames", ()))
    return found


@pytest.fixture(scope="module")
def exported(services: Services, database: Database) -> dict[str, set[str]]:
    with database.begin(), database.read():  # what is timed by kind is known from its first time on
        pass
    return known_metrics(Metrics(services).registry) | {"up": set()}


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_that_is_asked_for_is_exported(query: str, exported: dict[str, set[str]]) -> None:
    named = set(re.findall(r"\b(?:(?:portolan|process)_\w+|up\b)", re.sub(r'"[^"]*"', "", query)))
    assert named
    assert not named - set(exported)
    labels = set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", query)) | {
        label.strip() for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", query) for label in group.split(",")}
    told = set[str]().union(*(exported[name] for name in named))
    assert not labels - told - BY_PROMETHEUS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_how_grave_it_is_and_where_help_is(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert rule["for"]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    assert anchor == rule["alert"].lower()
    assert rule["alert"] in headings


def test_the_board_is_whole() -> None:
    sources = yaml.safe_load((OPS / "grafana-sources.yml").read_text(encoding="utf-8"))["datasources"]
    assert {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]} == {source["uid"] for source in sources}
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    for one, other in combinations([panel["gridPos"] for panel in BOARD["panels"]], 2):
        apart = (one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
                 or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])
        assert apart, (one, other)


@needs_promtool
def test_prometheus_reads_rules_queries_and_configuration(tmp_path: Path) -> None:
    asked = {"groups": [{"name": "board", "rules": [{"record": f"query_{number}", "expr": query} for number, query in enumerate(QUERIES)]}]}
    (tmp_path / "queries.yml").write_text(yaml.safe_dump(asked))
    configuration = (OPS / "prometheus.yml").read_text(encoding="utf-8").replace("/etc/prometheus/alerts.yml", str(OPS / "alerts.yml"))
    (tmp_path / "prometheus.yml").write_text(configuration)
    promtool("check", "rules", str(OPS / "alerts.yml"), str(tmp_path / "queries.yml"))
    promtool("check", "config", str(tmp_path / "prometheus.yml"))


HAPPENED = [  # series, and the alert that comes of it within ten minutes
    ('portolan_poller_leads{job="portolan-poller", instance="a"}', "0+0x60", "PortolanNobodyPolls"),
    ('up{job="portolan-web", instance="a"}', "0+0x60", "PortolanProcessDown"),
    ('portolan_hub_degraded{job="portolan-web", instance="a"}', "1+0x60", "PortolanRedisAway"),
    ('portolan_http_requests_total{job="portolan-web", instance="a", status="500"}', "0+6x60", "PortolanErrors"),
    ('portolan_loop_lag_seconds{job="portolan-web", instance="a", quantile="0.99"}', "0.3+0x60", "PortolanLoopLate"),
    ('portolan_last_quote_timestamp_seconds{job="portolan-poller", instance="a"}', "1+0x160", "PortolanPricesSilent"),
]


@needs_promtool
def test_alerts_fire_for_what_they_are_about(tmp_path: Path) -> None:
    tests = [{"interval": "15s", "input_series": [{"series": series, "values": values}], "promql_expr_test": [fires(alert, values)]}
             for series, values, alert in HAPPENED]
    sheet = {"rule_files": [str(OPS / "alerts.yml")], "evaluation_interval": "15s", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(sheet))
    promtool("test", "rules", str(tmp_path / "tests.yml"))


def fires(alert: str, values: str) -> dict[str, Any]:
    """Expect one alert, once its series has lasted long enough."""
    asked = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
    return {"expr": asked, "eval_time": "30m" if values.endswith("x160") else "12m", "exp_samples": [{"labels": "{}", "value": 1}]}


def promtool(*arguments: str) -> None:
    told = subprocess.run([str(PROMTOOL), *arguments], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


# --------------------------------------------------------------------------------------------------------------------------- proxy


@pytest.mark.skipif(program() is None, reason="nginx is not installed")
def test_nginx_reads_its_configuration(tmp_path: Path) -> None:
    told = subprocess.run([str(program()), "-t", "-c", str(written(tmp_path, 8080, [8050, 8051])), "-e", f"{tmp_path}/error.log"],
                          capture_output=True, text=True, check=False)
    assert "test is successful" in told.stderr, told.stderr


def test_the_proxy_opens_sockets_repeats_only_what_is_safe_and_hands_nothing_of_machines_on() -> None:
    text = re.sub(r"#.*", "", (OPS / "nginx.conf").read_text(encoding="utf-8"))
    assert "proxy_set_header Upgrade            $http_upgrade;" in text
    assert re.search(r"proxy_next_upstream\s+error timeout;", text), "and no non_idempotent"
    assert not re.search(r"ip_hash|sticky|hash ", text)
    assert "$request_uri" not in text, "a query is in no log"
    assert all(re.search(rf"location = {path}\s*{{ return 404; }}", text) for path in ("/metrics", "/healthz", "/readyz"))
    assert set(re.findall(r"\$\{(\w+)\}", text)) == {"WEB_SERVERS", "PROXY_SECRET"} <= set(COMPOSE["services"]["proxy"]["environment"])
