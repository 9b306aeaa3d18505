"""A broker with two more listeners: for tokens of an OAuth server, and for tokens signed as Amazon MSK wants them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from infra.local.processes import Program
from tests.faults.listeners import ServersWithListeners
from tests.faults.token_server import AUDIENCE, ISSUER
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


class TokenServers(ServersWithListeners):
    """Like `ProcessServers`; the broker has two more listeners.

    Args:
        folder: of the servers.
        keys: file with the public keys of the OAuth server.
    """

    def __init__(self, folder: Path, keys: Path) -> None:
        super().__init__(folder, dict.fromkeys(TokenListener, "SASL_PLAINTEXT"))
        self._keys = keys.absolute().as_uri()
        self.addresses = {listener: self._listening[listener] for listener in TokenListener}
        classes = folder / "classes"
        self._compile(classes)
        self._programs[Server.BROKER] = self._with_logins(classes)

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
        values = super()._properties() | {
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
