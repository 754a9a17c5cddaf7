"""Whether the settings fit each other and the way people reach the planner."""

from __future__ import annotations

import ipaddress
import stat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from planner.commands.checks.finding import Finding, Findings, SetUp
from planner.config import Config

_FEWEST_KINDS: Final = 10
"""Of characters. A key that was made has about sixteen; one that somebody typed as filler has few."""


def secret_key(set_up: SetUp) -> Findings:
    """Whether it can be guessed, or read."""
    key, file = set_up.config.secret_key, set_up.config.instance / "secret_key"
    if len(set(key)) < _FEWEST_KINDS:
        yield Finding(
            "bad", "secret key", "it is so regular that it can be guessed; whoever knows it can sign in as anybody",
            "Remove the setting secret_key and start again: the planner makes a good one. Everybody is signed out.",
        )  # fmt: skip
    elif file.is_file() and (open_to := _open_to(file)):
        yield Finding(
            "bad", "secret key", f"{open_to} of this machine can read {file}", f"chmod 600 {file}",
        )  # fmt: skip
    else:
        yield Finding("good", "secret key", f"{len(key)} characters, for nobody else to read")


def files(set_up: SetUp) -> Findings:
    """Whether others on this machine can read passwords or patients' data."""
    instance = set_up.config.instance
    if instance.stat().st_mode & stat.S_IXOTH == 0:
        yield Finding("good", "files", f"nobody else can look into {instance}")
        return
    names = ("settings.toml", "planner.sqlite", "outtray")
    found = [name for name in names if (instance / name).exists() and _open_to(instance / name) == "everybody"]
    if found:
        yield Finding(
            "could", "files", f"everybody on this machine can read {', '.join(found)} in {instance}",
            f"chmod 700 {instance}",
        )  # fmt: skip
    else:
        yield Finding("good", "files", "nobody else on this machine can read the clinic's data")


def address(set_up: SetUp) -> Findings:
    """Whether people reach the planner by a safe address, and links lead there."""
    config, about = set_up.config, "public address"
    if config.public_url is None:
        if is_local(config.host):
            says = f"{config.base_url}, which leads nowhere but on this machine"
            todo = "Before patients get links, set base_url to the address that people use, and put a proxy in front."
            yield Finding("could", about, says, todo)
        else:
            says = f"the planner listens on {config.host}, but links in messages lead to {config.base_url}"
            yield Finding(
                "bad", about, says, "Set base_url to the address that people use, https://planner.example.org."
            )
        return
    host = urlsplit(config.public_url).hostname or ""
    if config.public_url.startswith("https://") or is_local(host):
        yield Finding("good", about, config.base_url)
    else:
        yield Finding(
            "bad", about, f"{config.base_url} is not encrypted: passwords and personal links can be read on their way",
            "Put a proxy with a certificate in front (deploy/nginx/planner.conf) and let base_url begin with https://.",
        )  # fmt: skip


def proxies(set_up: SetUp) -> Findings:
    """Whether those in front are believed, and nobody else is."""
    config, about = set_up.config, "proxies"
    encrypted = config.base_url.startswith("https://")
    if encrypted and config.trusted_proxies == 0:
        yield Finding(
            "bad", about, "the address is https, so a proxy stands in front, but trusted_proxies is 0: everybody seems "
            "to be one visitor, so that one who guesses passwords locks all out",
            "Set trusted_proxies to the number of proxies in front, mostly 1.",
        )  # fmt: skip
    elif config.trusted_proxies and not encrypted:
        yield Finding(
            "could", about, f"trusted_proxies is {config.trusted_proxies}, but no https address says what they serve",
            "Set base_url to the proxy's https address, or trusted_proxies to 0.",
        )  # fmt: skip
    elif config.trusted_proxies and not is_local(config.host):
        yield Finding(
            "could", about, f"whoever reaches {config.host}:{config.port} without the proxy can say they are anybody",
            "Set host to 127.0.0.1, or let a firewall keep all but the proxy from that port.",
        )  # fmt: skip
    else:
        yield Finding("good", about, f"{config.trusted_proxies} in front, as the address suggests")


def figures(set_up: SetUp) -> Findings:
    """Whether strangers can read what is measured."""
    config, about = set_up.config, "/metrics"
    if config.metrics_token is None and not config.metrics_networks:
        yield Finding("good", about, "shown to nobody")
    elif _seems_local(config):
        yield Finding(
            "bad", about, "metrics_from names this machine, where the proxy's visitors seem to come from",
            "Set trusted_proxies, or use metrics_token instead.",
        )  # fmt: skip
    else:
        by_token = ["whoever has the token"] if config.metrics_token else []
        yield Finding("good", about, f"shown to {', '.join([*by_token, *map(str, config.metrics_networks)])}")


def _seems_local(config: Config) -> bool:
    behind = config.base_url.startswith("https://") and config.trusted_proxies == 0
    return behind and any(network.is_loopback or network.prefixlen == 0 for network in config.metrics_networks)


def is_local(host: str) -> bool:
    """Whether a name or an address is that of this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _open_to(path: Path) -> str:
    mode = path.stat().st_mode
    if mode & stat.S_IROTH:
        return "everybody"
    return "its group" if mode & (stat.S_IRGRP | stat.S_IWGRP) else ""
