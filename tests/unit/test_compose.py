"""The example of compose: what its services share, mount and ask for, and what of it mbmd reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mbmd.cli import main

FOLDER = Path(__file__).parents[2] / "docs" / "compose"
SITE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = SITE["services"]
VARIABLES = dict(
    line.split("=", 1)
    for line in (FOLDER / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_few_rights_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert not service.get("privileged")
    assert "cap_add" not in service


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"mbmd"}))
def test_a_foreign_image_is_pinned_and_watched(name: str) -> None:
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])
    assert SERVICES[name]["healthcheck"]["test"]


def test_volumes_are_there_and_used() -> None:
    mounted = [text.split(":")[0] for service in SERVICES.values() for text in service["volumes"]]
    files = {source for source in mounted if source.startswith(".")}
    assert all((FOLDER / source).is_file() for source in files)
    assert set(SITE["volumes"]) == set(mounted) - files


def test_only_what_people_use_is_published() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"mbmd": ["8080:8080"], "mosquitto": ["1883:1883"], "grafana": ["3000:3000"]}


def test_variables_are_those_of_the_example_and_secrets_have_no_default() -> None:
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    used = dict(re.findall(r"(?<!\$)\$\{(\w+):([?-])", text))
    assert set(used) == set(VARIABLES)
    secrets = {name for name in VARIABLES if name.endswith(("_PASSWORD", "_TOKEN"))}
    assert {name for name, kind in used.items() if kind == "?"} == secrets
    assert not any(VARIABLES[name] for name in secrets)


def test_mbmd_takes_its_configuration(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in SERVICES["mbmd"]["environment"]:
        if name.startswith("MBMD_"):
            monkeypatch.setenv(name, "secret")
    assert main(["config", "check", "-c", str(FOLDER / "mbmd.yaml")]) == 0
    assert "fine" in capsys.readouterr().out


def test_services_name_each_other_as_they_are_called() -> None:
    config = yaml.safe_load((FOLDER / "mbmd.yaml").read_text(encoding="utf-8"))
    prometheus = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    sources = yaml.safe_load((FOLDER / "grafana" / "datasources.yaml").read_text(encoding="utf-8"))["datasources"]
    (job,) = prometheus["scrape_configs"]
    asked = [
        config["mqtt"]["broker"],
        config["influx"]["url"],
        *job["static_configs"][0]["targets"],
        *(source["url"] for source in sources),
    ]
    assert [re.sub(r"^http://|:\d+$", "", address) for address in asked] == [
        "mosquitto", "influxdb", "mbmd", "prometheus", "influxdb",
    ]  # fmt: skip
    bucket = SERVICES["influxdb"]["environment"]
    assert config["influx"]["organization"] == bucket["DOCKER_INFLUXDB_INIT_ORG"]
    assert config["influx"]["database"] == bucket["DOCKER_INFLUXDB_INIT_BUCKET"]
    flux = next(source["jsonData"] for source in sources if source["type"] == "influxdb")
    assert (flux["organization"], flux["defaultBucket"]) == (
        config["influx"]["organization"],
        config["influx"]["database"],
    )


def test_the_dashboard_finds_its_data() -> None:
    dashboard = json.loads((FOLDER.parent / "grafana" / "mbmd.json").read_text(encoding="utf-8"))
    sources = yaml.safe_load((FOLDER / "grafana" / "datasources.yaml").read_text(encoding="utf-8"))["datasources"]
    wanted = next(row["query"] for row in dashboard["templating"]["list"] if row["type"] == "datasource")
    assert [source["type"] for source in sources if source.get("isDefault")] == [wanted]
    (provider,) = yaml.safe_load((FOLDER / "grafana" / "dashboards.yaml").read_text(encoding="utf-8"))["providers"]
    targets = [text.split(":")[1] for text in SERVICES["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/mbmd.json" in targets
    assert SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] in targets
