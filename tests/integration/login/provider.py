"""The provider of identity of the tests, a process of its own: npm's oidc-provider (see oidc_provider/)."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from deploy.console import Node, find_node

SOURCES = Path(__file__).parent / "oidc_provider"
AUDIENCE = "machi"
PEOPLE = {"hanako": ["machi-staff"], "nobody": ["elsewhere"], "robot": ["machi-partner"]}


class SigningKey:
    """A key of a provider, whose private half the tests have as well."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        self.private: RSAPrivateKey = generate_private_key(65_537, 2_048)

    def private_jwk(self) -> dict[str, Any]:
        """As the provider reads it."""
        key = json.loads(RSAAlgorithm.to_jwk(self.private))
        key.pop("key_ops", None)
        return {**key, "kid": self.key_id, "use": "sig", "alg": "RS256"}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign as the provider would; `header` adds to alg and kid, or takes their place."""
        headers = {"kid": self.key_id, **header}
        algorithm = headers.pop("alg", "RS256")
        return jwt.encode(claims, self.private, algorithm=algorithm, headers=headers)


class OidcProvider:
    """Runs at one address; may be stopped, and started again with other keys."""

    def __init__(self, port: int, redirect_uri: str) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self._port = port
        self._redirect_uri = redirect_uri
        self._process: subprocess.Popen[str] | None = None

    def start(self, *keys: SigningKey) -> None:
        """Start with these keys; the first one signs."""
        node = find_node()
        folder = _packages(node)
        self._process = subprocess.Popen(
            [node.node, "provider.mjs"],
            cwd=folder,
            env=dict(node.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(self._configuration(keys)))
        self._process.stdin.close()
        assert self._process.stdout.readline() == "listening\n"

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def _configuration(self, keys: tuple[SigningKey, ...]) -> dict[str, Any]:
        console = {
            "client_id": "console",
            "client_secret": "the console's secret & more",
            "redirect_uris": [self._redirect_uri],
            "post_logout_redirect_uris": [self._redirect_uri.replace("/api/v1/session/oidc/callback", "/")],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
        }
        robot = {
            "client_id": "robot",
            "client_secret": "a robot's secret",
            "redirect_uris": [],
            "grant_types": ["client_credentials"],
            "response_types": [],
        }
        return {
            "issuer": self.issuer,
            "port": self._port,
            "jwks": {"keys": [key.private_jwk() for key in keys]},
            "clients": [console, robot],
            "audience": AUDIENCE,
            "people": PEOPLE,
        }


def _packages(node: Node) -> Path:
    """Give a folder with the provider and what it needs, made once per lock file."""
    digest = hashlib.blake2b((SOURCES / "package-lock.json").read_bytes(), digest_size=8).hexdigest()
    folder = Path(__file__).parents[3] / ".cache" / f"oidc-provider-{digest}"
    if not (folder / "node_modules").is_dir():
        folder.parent.mkdir(exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent))
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(SOURCES / name, made / name)
        subprocess.run(
            [*node.npm, "ci"], cwd=made, env=dict(node.environment), check=True, stdin=subprocess.DEVNULL
        )
        try:
            made.rename(folder)  # of several test processes, one is first
        except OSError:
            shutil.rmtree(made)
    shutil.copy(SOURCES / "provider.mjs", folder / "provider.mjs")
    return folder
