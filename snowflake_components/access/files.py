"""The files of a login: a private key or a token. They are read at each login, so a new file needs no restart."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from snowflake_components.access.login import PASSPHRASE, Login, variable
from snowflake_components.errors import CredentialError

_FILE_BYTES_MAX = 65_536
_BITS_MIN = 2_048


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A key for the connector.

    Args:
        der: PKCS #8, not encrypted; a secret.
        fingerprint: of its public key, as DESC USER shows it as RSA_PUBLIC_KEY_FP.
    """

    der: bytes
    fingerprint: str


def read_private_key(path: Path, passphrase: str | None) -> PrivateKey:
    """Read an RSA key in PEM form.

    Raises:
        CredentialError: no readable file, no RSA private key, or not the passphrase of the key.
    """
    where = f"{Login.KEY_PAIR.variable}: {path}"
    content = _read(path, where)
    if b"PUBLIC KEY" in content:
        raise CredentialError(f"{where} holds a public key: name the file of the private key, such as rsa_key.p8")
    if b"ENCRYPTED" in content and not passphrase:
        raise CredentialError(f"{where} is encrypted: set {variable(PASSPHRASE)}")
    if b"ENCRYPTED" not in content and passphrase:
        raise CredentialError(f"{where} is not encrypted: remove {variable(PASSPHRASE)}")
    try:
        key = serialization.load_pem_private_key(content, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # the reason of the library may quote bytes of the file
        repair = f"check {variable(PASSPHRASE)}, or " if passphrase else ""
        raise CredentialError(f"{where} is no private key in PEM form; {repair}make one with openssl genrsa") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _BITS_MIN:
        raise CredentialError(f"{where} is no RSA key of at least {_BITS_MIN} bits, which Snowflake requires")
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return PrivateKey(der, f"SHA256:{base64.b64encode(hashlib.sha256(public).digest()).decode()}")


def read_token(path: Path, login: Login) -> str:
    """Read a token without the white space around it.

    Raises:
        CredentialError: no readable file, or no single token in it.
    """
    where = f"{login.variable}: {path}"
    parts = _read(path, where).split()
    if len(parts) != 1 or not parts[0].isascii():
        raise CredentialError(f"{where} must hold one token and nothing else, found {len(parts)} words")
    return parts[0].decode("ascii")


def _read(path: Path, where: str) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            return file.read(_FILE_BYTES_MAX)
    except (OSError, RuntimeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise CredentialError(f"{where} cannot be read: {reason}") from exc
