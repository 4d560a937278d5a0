"""Who may ask the service."""

import hmac
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.datastructures import Headers

from keel.project.errors import UserError

SHORTEST = 16  # characters of a key


class Keys:
    """The keys that open the service; without any it is open to all."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Raises UserError if one could be guessed."""
        self._keys = [key.encode() for key in keys]
        if any(len(key) < SHORTEST for key in self._keys):
            raise UserError(
                f"a key of the service has fewer than {SHORTEST} characters, and could be guessed: "
                '`python -c "import secrets; print(secrets.token_urlsafe())"` makes a good one'
            )

    def __bool__(self) -> bool:
        return bool(self._keys)

    def fit(self, headers: Headers) -> bool:
        """Whether a request has one of the keys. It takes as long, whichever and however wrong."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        found = [hmac.compare_digest(given.encode("latin-1"), key) for key in self._keys]
        return any(found)


def keys(environment: Mapping[str, str]) -> Keys:
    """The keys in SERVICE_KEYS, or in the file that SERVICE_KEYS_FILE names, by lines or commas.

    Raises UserError if there are none in production.
    """
    text = environment.get("SERVICE_KEYS", "")
    if file := environment.get("SERVICE_KEYS_FILE"):
        try:
            text += "," + Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"SERVICE_KEYS_FILE is {file}, which can't be read: {error}") from error
    found = Keys(key.strip() for key in re.split(r"[,\n]", text) if key.strip())
    if environment.get("ENVIRONMENT") == "production" and not found:
        raise UserError(
            "in production the service needs keys: put them into the environment variable "
            "SERVICE_KEYS, or into a file that SERVICE_KEYS_FILE names"
        )
    return found
