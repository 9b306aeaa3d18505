"""A broker with two more listeners: for tokens of an OAuth server, and for tokens signed as Amazon MSK wants them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from infra.local.ports import free_ports
from infra.local.processes import Program
from infra.local.settings import LOOPBACK
from tests.faults.token_server import AUDIENCE, ISSUER
from tests.stacks.processes import ProcessServers
from tests.stacks.seam import Server

REGION, KEY_ID, SECRET_KEY = "eu-central-1", "AKIAOFTHETEST", "canary-of-aws"
REAUTHENTICATION_SECONDS = 10
"""How long a connection may be used without a new token; it is also closed when its token expires."""
OAUTH = "org.apache.kafka.common.security.oauthbearer"
VALIDATOR = Path(__file__).parent / "logins" / "MskTokens.java"


class TokenListener(StrEnum):
    """The listeners beside the plain one."""

    OAUTH = "OAUTH"
    IAM = "IAM"


class TokenServers(ProcessServers):
    """Like `ProcessServers`; the broker has two more listeners.

    Args:
        folder: of the servers.
        keys: file with the public keys of the OAuth server.
    """

    def __init__(self, folder: Path, keys: Path) -> None:
        super().__init__(folder)
        self._keys = keys.absolute().as_uri()
        ports = free_ports(len(TokenListener))
        self.addresses = {one: f"{LOOPBACK}:{port}" for one, port in zip(TokenListener, ports, strict=True)}
        classes = folder / "classes"
        self._compile(classes)
        self._programs[Server.BROKER] = self._with_logins(classes)

    def start(self, *servers: Server) -> None:
        """Add the listeners before the broker starts."""
        config = self.settings.data_dir / "kafka" / "server.properties"
        if TokenListener.OAUTH not in config.read_text():
            with config.open("a") as file:
                file.writelines(f"{name}={value}\n" for name, value in self._properties().items())
        super().start(*servers)

    def _compile(self, target: Path) -> None:
        jars = f"{self.settings.runtime_dir}/broker/*"
        subprocess.run(["javac", "-cp", jars, "-d", str(target), str(VALIDATOR)], check=True)

    def _with_logins(self, classes: Path) -> Program:
        program = self._programs[Server.BROKER]
        java, *arguments = program.command
        place = arguments.index("-cp") + 1
        arguments[place] += f"{os.pathsep}{classes.absolute()}"
        told = [
            f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self._keys}",
            f"-Dmsk.test={REGION} {KEY_ID} {SECRET_KEY}",
        ]
        return replace(program, command=[java, *told, *arguments])

    def _properties(self) -> dict[str, str]:
        plain = f"PLAINTEXT://{LOOPBACK}:{self.settings.kafka_port}"
        ours = [f"{listener}://{address}" for listener, address in self.addresses.items()]
        protocols = [f"{listener}:SASL_PLAINTEXT" for listener in TokenListener]
        values = {
            "listeners": ",".join([plain, *ours, f"CONTROLLER://{LOOPBACK}:{self.settings.kafka_controller_port}"]),
            "advertised.listeners": ",".join([plain, *ours]),
            "listener.security.protocol.map": ",".join(["CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT", *protocols]),
            "sasl.enabled.mechanisms": "OAUTHBEARER",
            "listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url": self._keys,
            "listener.name.oauth.sasl.oauthbearer.expected.audience": AUDIENCE,
            "listener.name.oauth.sasl.oauthbearer.expected.issuer": ISSUER,
            "listener.name.oauth.sasl.oauthbearer.clock.skew.seconds": "0",
        }
        handlers = {"oauth": f"{OAUTH}.OAuthBearerValidatorCallbackHandler", "iam": "MskTokens"}
        for listener, handler in handlers.items():
            prefix = f"listener.name.{listener}.oauthbearer"
            values |= {
                f"{prefix}.sasl.jaas.config": f"{OAUTH}.OAuthBearerLoginModule required;",
                f"{prefix}.sasl.server.callback.handler.class": handler,
                f"{prefix}.connections.max.reauth.ms": str(1000 * REAUTHENTICATION_SECONDS),
            }
        return values
