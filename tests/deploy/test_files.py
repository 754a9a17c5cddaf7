"""The image, the units, the compose file and the proxy's configuration fit the program and each other."""

import fnmatch
import json
import re
import shlex
import subprocess

import pytest

from planner.commands.checks.machine import PARTS
from planner.settings import KEYS
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.postgresql import MOST_CONNECTIONS
from planner.web.operations import PATHS
from tests.deploy.commands import ROOT, check_known

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
IGNORE = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
COMPOSE_FILES = [(DEPLOY / name).read_text() for name in ("compose.yml", "compose.postgresql.yml")]
COMPOSE, COMPOSE_POSTGRESQL = COMPOSE_FILES
NGINX = (DEPLOY / "nginx" / "planner.conf").read_text()
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def instructions(name):
    """What follows each instruction of this name."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)


def is_sent(path):
    """Whether a file of the checkout reaches the builder, by the last line that fits."""
    sent = True
    for line in IGNORE:
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = [path, *map(str, list(ROOT.joinpath(path).relative_to(ROOT).parents)[:-1]), path.rpartition("/")[2]]
        if line and not line.startswith("#") and (pattern == "**" or any(fnmatch.fnmatch(p, pattern) for p in parts)):
            sent = line.startswith("!")
    return sent


def test_the_image_is_made_of_files_that_there_are_and_that_are_sent():
    """A COPY of nothing stops the build on the operator's machine."""
    taken = [words.split()[:-1] for words in instructions("COPY") if not words.startswith("--from")]
    files = [file for words in taken for file in words]
    assert {"requirements.lock", "planner", "templates", "package-lock.json"} <= set(files)
    for file in files:
        assert (ROOT / file).exists(), file
        assert is_sent(file), file


@pytest.mark.parametrize("path", ["instance/planner.sqlite", "instance/secret_key", ".git/config", "tests/conftest.py"])
def test_no_data_of_a_clinic_reach_the_builder(path):
    """An image is passed around."""
    assert not is_sent(path)


def test_every_package_of_the_image_is_checked_by_its_hash():
    """From the same locks as everywhere."""
    installs = [words for words in instructions("RUN") if "pip install" in words]
    assert len(installs) == 3
    for words in installs:
        assert "--require-hashes -r" in words or "--no-deps dist/" in words
    assert any("npm ci" in words for words in instructions("RUN"))


def test_the_images_python_is_the_one_that_the_lock_was_made_for():
    """The oldest that the program runs on, and the same in both stages: what is built is copied into the last one."""
    (wanted,) = re.findall(r'^requires-python = ">=(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    images = [image for image in instructions("FROM") if image.startswith("python:")]
    assert {image.split()[0] for image in images} == {f"python:{wanted}-slim-bookworm"}
    assert len(images) == 2


def test_the_image_takes_the_browsers_scripts_that_set_up_takes():
    """A page without them has no diary."""
    (copied,) = [words for words in instructions("RUN") if "node_modules" in words]
    assert {word.rpartition("/")[2] for word in shlex.split(copied) if word.startswith("node_modules/")} == set(PARTS)
    set_up = (ROOT / "tools" / "setup.sh").read_text()
    (parts,) = re.findall(r"BROWSER_PARTS=\((.*)\)", set_up)
    assert {
        part.rpartition("/")[2] for part in parts.replace("{js,css}", "js @x/event-calendar.min.css").split()
    } == set(PARTS)


def test_the_image_runs_as_nobody_in_particular_and_starts_the_server():
    """The last user is not root, its folder is its own, and what is started exists."""
    assert instructions("USER")[-1] == "planner"
    assert DOCKERFILE.index("USER planner") < DOCKERFILE.index("ENTRYPOINT")
    (entry,), (command,) = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) == ["/opt/planner/bin/planner"]
    check_known(json.loads(command))
    for name in re.findall(r"PLANNER_([A-Z_]+)=", DOCKERFILE):
        assert name == "INSTANCE" or name.lower() in KEYS


def test_the_images_health_is_a_question_that_the_server_answers():
    """In Python, since the image has no curl, and without a shell."""
    (probe,) = re.findall(r"HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    python, flag, code = json.loads(probe)
    assert (python, flag) == ("/opt/planner/bin/python", "-c")
    compile(code, "probe", "exec")
    assert PATHS[0] in code


@pytest.mark.parametrize("compose", COMPOSE_FILES, ids=["one", "several"])
def test_the_compose_files_set_what_there_is_to_set(compose):
    """And start what there is to start."""
    variables = set(re.findall(r"^ +PLANNER_([A-Z_]+):", compose, re.MULTILINE)) - {"DATABASE_PASSWORD"}
    settings = {key.replace(".", "_").upper() for key in KEYS}
    assert variables
    assert variables <= settings
    commands = [json.loads(words) for words in re.findall(r"command: (\[.*\])", compose)]
    for words in commands:
        if words[0] != "postgres":
            check_known(words)
    assert ["db", "upgrade"] in commands
    (dockerfile,) = re.findall(r"dockerfile: (.*)", compose)
    assert (ROOT / dockerfile).is_file()


def services():
    """The parts of the compose file with PostgreSQL: {name: its lines}."""
    text = COMPOSE_POSTGRESQL.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
    return dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", text + "\n", re.MULTILINE))


def test_there_are_two_servers_and_two_workers_and_nothing_but_the_proxy_is_reached():
    """Each merges a part that there is, and every volume of theirs is named."""
    found = services()
    assert set(found) == {"database", "upgrade", "server1", "server2", "worker1", "worker2", "proxy"}
    assert [name for name, lines in found.items() if "ports:" in lines] == ["proxy"]
    for merged in re.findall(r"<<: \*(\w+)", COMPOSE_POSTGRESQL):
        assert f"&{merged}" in COMPOSE_POSTGRESQL
    mounted = set(re.findall(r"^ +- (\w+):/", COMPOSE_POSTGRESQL, re.MULTILINE))
    assert mounted == set(re.findall(r"^  (\w+):$", COMPOSE_POSTGRESQL.partition("\nvolumes:\n")[2], re.MULTILINE))
    for file in re.findall(r"^ +- \./(\S+?):/", COMPOSE_POSTGRESQL, re.MULTILINE):
        assert (DEPLOY / file).is_file(), file


def test_the_proxy_of_the_compose_file_finds_its_servers():
    """By the names that they have there; and both upstreams are the one that the configuration sends to."""
    near, far = ((DEPLOY / "nginx" / name).read_text() for name in ("upstream.conf", "upstream-compose.conf"))
    assert set(re.findall(r"server (\w+):8000", far)) == {name for name in services() if name.startswith("server")}
    for text in (near, far):
        assert "upstream planner {" in text
        assert text.count("{") == text.count("}")
    assert "upstream planner {" not in NGINX
    assert "proxy_pass http://planner;" in NGINX


def test_the_server_has_room_for_the_connections_of_all_processes():
    """Servers, workers, and one more by hand, each with all that it may open."""
    (most,) = re.findall(r"max_connections=(\d+)", COMPOSE_POSTGRESQL)
    processes = [name for name in services() if name.startswith(("server", "worker"))]
    assert int(most) >= MOST_CONNECTIONS * (len(processes) + 1) + 10


def test_the_databases_user_of_the_compose_file_passes_no_wall():
    """He is made once, by a script that the shell and PostgreSQL understand."""
    script = DEPLOY / "postgresql" / "10-planner.sh"
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    made = script.read_text()
    assert "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE" in made
    assert script.stat().st_mode & 0o111


def test_the_script_makes_a_user_and_a_database_that_the_planner_finds_well(postgresql_databases, tmp_path):
    """Run on a real server, with other names: what it makes is upgraded, and its walls stand."""
    made = (DEPLOY / "postgresql" / "10-planner.sh").read_text()
    (sql,) = re.findall(r"<<'SQL'\n(.*?)^SQL$", made, re.DOTALL | re.MULTILINE)
    server = postgresql_databases.server
    statements = [each.strip() for each in sql.replace("planner", "planner_two").split(";") if each.strip()]
    for statement in statements:
        server.ask(statement.replace(":'password'", "'it''s a secret'"))
    database = Database(server.url("planner_two").replace("planner@", "planner_two@"))
    schema.upgrade(database)
    assert database.faults() == []
    database.close()
    server.drop("planner_two")
    server.ask("DROP ROLE planner_two")


def test_the_container_is_reached_through_a_proxy_only():
    """Docker would open a port to the world, past the firewall."""
    assert re.findall(r'- "(.*):8000:8000"', COMPOSE) == ["127.0.0.1"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is_as_its_own_user(unit):
    """With the folder that it may write to, and nothing else."""
    text = unit.read_text()
    for line in re.findall(r"^Exec\w+=(.*)$", text, re.MULTILINE):
        program, *words = line.split()
        assert program == "/opt/planner/bin/planner"
        check_known([word.replace("%i", "8000") for word in words])
    (instance,) = re.findall(r"PLANNER_INSTANCE=(.*)$", text, re.MULTILINE)
    (state,) = re.findall(r"^StateDirectory=(.*)$", text, re.MULTILINE)
    assert instance == f"/var/lib/{state}"
    assert {"User=planner", "NoNewPrivileges=true", "ProtectSystem=strict", "UMask=0077"} <= set(text.splitlines())
    assert f"/{unit.name}" in text.splitlines()[0]


def test_the_units_are_as_hard_as_each_other():
    """What one may not do, none may."""
    hard = [set(unit.read_text().split("NoNewPrivileges", 1)[1].splitlines()) for unit in UNITS]
    assert len(UNITS) == 4
    assert all(each == hard[0] for each in hard)


def test_the_proxys_configuration_is_whole():
    """Every block is closed, every line ends."""
    code = "\n".join(line.partition("#")[0].rstrip() for line in NGINX.splitlines())
    assert code.count("{") == code.count("}")
    for line in filter(None, map(str.strip, code.splitlines())):
        assert line.endswith((";", "{", "}", "'")), line


def test_the_proxy_says_who_asks_and_nobody_else_can():
    """Each header that the planner believes is set, so that none is passed on."""
    for name in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-ID"):
        assert len(re.findall(rf"proxy_set_header {name} ", NGINX)) == 1
    assert "$proxy_add_x_forwarded_for" not in NGINX


def test_the_proxy_writes_no_secret_address_down(app):
    """Every route that is opened by a secret has a line that hides it."""
    (hidden,) = re.findall(r"map \$uri \$planner_rule \{(.*?)\}", NGINX, re.DOTALL)
    patterns = re.findall(r"~(\S+)", hidden)
    secret = [rule.rule for rule in app.url_map.iter_rules() if "token" in rule.arguments]
    assert len(secret) > 20
    for rule in secret:
        assert any(re.match(pattern, rule) for pattern in patterns), rule
    (form,) = re.findall(r"log_format planner (.*?);", NGINX, re.DOTALL)
    assert "$planner_rule" in form
    assert not re.search(r"\$(request|uri|request_uri|args|http_referer)\b", form)
    assert re.search(r"error_log \S+ crit;", NGINX)


def test_the_proxy_keeps_probes_and_figures_from_the_world(app):
    """Only this machine may ask."""
    (location,) = re.findall(r"location ~ \^/\(healthz\|readyz\|metrics\)\$ \{(.*?)\}", NGINX, re.DOTALL)
    assert "deny all;" in location
    assert set(PATHS) == {"/healthz", "/readyz", "/metrics"}
