"""Signatures of people, made and checked by OpenSSH (`ssh-keygen -Y`), one use per namespace.

`check-novalidate` is never asked: it calls any key good. A file is signed through standard
input, and what came out is verified at once: an old signature that stands in the way could
not be taken for the new one.
"""

from __future__ import annotations

import base64
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

APPROVE = "equisite-approve"
"""Namespace of the officer who lets data leave; the key of `prepare` has another one."""


@dataclass(frozen=True)
class Signer:
    """Who approves at a site. key: public key; first, last: days of its validity."""

    site: str
    key: str
    first: str | None = None
    last: str | None = None

    @property
    def name(self) -> str:
        """The principal of the signature."""
        return f"approve@{self.site}"

    def line(self) -> str:
        """As in a file of allowed signers (ssh-keygen(1)); the key's comment is left out."""
        options = [f'namespaces="{APPROVE}"']
        if self.first:
            options.append(f'valid-after="{self.first.replace("-", "")}Z"')
        if self.last:
            options.append(f'valid-before="{self.last.replace("-", "")}235959Z"')
        return f"{self.name} {','.join(options)} {' '.join(self.key.split()[:2])}\n"


_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70


def bare(signature: bytes) -> str:
    """A signature as base64 on one line, as it stands in a bundle.

    Raises ValueError for what ssh-keygen did not write.
    """
    found = re.fullmatch(rf"\s*{_BEGIN}([A-Za-z0-9+/=\s]+){_END}\s*", signature.decode())
    if found is None:
        raise ValueError("it is no signature of OpenSSH")
    text = "".join(found[1].split())
    base64.b64decode(text, validate=True)
    return text


def armoured(text: str) -> bytes:
    """The file that ssh-keygen reads, of a bare signature."""
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    return ("\n".join([_BEGIN, *lines, _END]) + "\n").encode()


def sign(content: bytes, key: Path) -> bytes:
    """The signature of these bytes by a private key.

    Raises ValueError with what ssh-keygen says when the key cannot be used.
    """
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", APPROVE]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    if done.returncode or not done.stdout:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(lines[-1].strip() if lines else "ssh-keygen gave no reason")
    return done.stdout


def is_signed(content: bytes, signature: bytes, signer: Signer, day: str) -> bool:
    """Whether the signature is the signer's, by a key that was valid at noon of a day."""
    with tempfile.TemporaryDirectory() as scratch:
        allowed, signed = Path(scratch, "allowed"), Path(scratch, "signature")
        allowed.write_text(signer.line(), encoding="utf-8")
        signed.write_bytes(signature)
        noon = f"verify-time={day.replace('-', '')}120000Z"
        command = [
            "ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", signer.name,
            "-n", APPROVE, "-s", str(signed), "-O", noon,
        ]  # fmt: skip
        done = subprocess.run(command, input=content, capture_output=True, check=False)
    return done.returncode == 0
