"""A broker with more listeners, on which every client must log in or show a certificate."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from infra.local.settings import LOOPBACK
from tests.faults.listeners import ServersWithListeners
from tests.stacks.seam import Server, Servers

USER = "landing"
PASSWORD = 'canary-of-kafka "quoted" \\ $'
STORE_PASSWORD = "of-the-test"
ANSWER_SECONDS_MAX = 30
MECHANISMS = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
NAMES = "IP:127.0.0.1,DNS:kafka"
"""Of the broker, for the test and for containers."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate authority, a server's key store signed by it, and a client's certificate and key, in PEM."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate to trust."""
        return self.folder / "ca.pem"

    @property
    def trust_store(self) -> Path:
        """The certificate to trust, in Java's format."""
        return self.folder / "trust.p12"

    @property
    def client(self) -> Path:
        """The client's certificate."""
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        """The client's key, with a password."""
        return self.folder / "client-key.pem"

    @property
    def store(self) -> Path:
        """The server's certificate and key, in Java's format."""
        return self.folder / "server.p12"


def certificates(folder: Path, name: str = NAMES) -> Certificates:
    """Make them with openssl; `name` is the host in the server's certificate."""
    folder.mkdir(parents=True)
    made = Certificates(folder)
    openssl(folder, "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
    for one in ("server", "client"):
        openssl(folder, f"req -newkey rsa:2048 -nodes -subj /CN={one} -keyout {one}.key -out {one}.csr")
        (folder / "names").write_text(f"subjectAltName={name}\n")
        openssl(
            folder,
            f"x509 -req -in {one}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {one}.pem",
        )
    store = f"-out server.p12 -passout pass:{STORE_PASSWORD}"
    openssl(folder, f"pkcs12 -export -in server.pem -inkey server.key -certfile ca.pem {store}")
    openssl(folder, f"pkcs8 -topk8 -v1 PBE-SHA1-3DES -in client.key -out client-key.pem -passout pass:{STORE_PASSWORD}")
    run(folder, f"keytool -importcert -noprompt -file ca.pem -keystore trust.p12 -storepass {STORE_PASSWORD}")
    return made


def openssl(folder: Path, arguments: str) -> None:
    """Run one command of openssl."""
    run(folder, f"openssl {arguments}")


def run(folder: Path, command: str) -> None:
    """Run a command; it must not need quotes."""
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)


class Listener(StrEnum):
    """The listeners beside the plain one; each has a port, a certificate, and a way to authenticate clients."""

    LOGIN = "LOGIN"
    """TLS, and a login by one of three mechanisms."""
    ELSEWHERE = "ELSEWHERE"
    """The same with another authority's certificate, which names another host."""
    CERTIFIED = "CERTIFIED"
    """TLS, and a client certificate instead of a login."""


class SecureServers(Servers, Protocol):
    """Servers whose broker has these listeners."""

    @property
    def addresses(self) -> Mapping[Listener, str]:
        """Return the address of each listener, for the test itself."""


def protocol_of(listener: Listener) -> str:
    """Return the protocol of a listener."""
    return "SSL" if listener is Listener.CERTIFIED else "SASL_SSL"


def listener_settings(name: str, listener: Listener, made: Certificates) -> dict[str, str]:
    """Return the settings of a listener under a name: its certificate, and how clients log in."""
    jaas = "org.apache.kafka.common.security"
    escaped = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    values = {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(made.store),
        "ssl.keystore.password": STORE_PASSWORD,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(made.authority),
        "ssl.client.auth": "required" if listener is Listener.CERTIFIED else "none",
    }
    if listener is not Listener.CERTIFIED:
        values |= {
            "plain.sasl.jaas.config": f'{jaas}.plain.PlainLoginModule required user_{USER}="{escaped}";',
            "scram-sha-256.sasl.jaas.config": f"{jaas}.scram.ScramLoginModule required;",
            "scram-sha-512.sasl.jaas.config": f"{jaas}.scram.ScramLoginModule required;",
        }
    return {f"listener.name.{name.lower()}.{setting}": value for setting, value in values.items()}


def create_user(bootstrap_servers: str) -> None:
    """Create the user of the login by SCRAM, at a listener without a login."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        change = UserScramCredentialUpsertion(USER, ScramCredentialInfo(mechanism, 4096), PASSWORD.encode())
        admin.alter_user_scram_credentials([change])[USER].result(ANSWER_SECONDS_MAX)


class SecureProcessServers(ServersWithListeners):
    """Like `ProcessServers`; the broker has three more listeners.

    Args:
        folder: of the servers.
        made: the certificates that the broker presents and trusts.
        elsewhere: those of the listener `ELSEWHERE`.
    """

    def __init__(self, folder: Path, made: Certificates, elsewhere: Certificates) -> None:
        super().__init__(folder, {listener: protocol_of(listener) for listener in Listener})
        self._made = {Listener.LOGIN: made, Listener.ELSEWHERE: elsewhere, Listener.CERTIFIED: made}
        self.addresses = {listener: self._listening[listener] for listener in Listener}

    def start(self, *servers: Server) -> None:
        """Start them, and create the user once the broker serves."""
        super().start(*servers)
        create_user(f"{LOOPBACK}:{self.settings.kafka_port}")

    def _properties(self) -> dict[str, str]:
        of_listeners = [listener_settings(one, one, made) for one, made in self._made.items()]
        names = super()._properties() | {"sasl.enabled.mechanisms": MECHANISMS}
        return names | {name: value for settings in of_listeners for name, value in settings.items()}
