"""Settings of a workspace's service: its `config.json`, overridden by `STOKER_*` variables."""

from __future__ import annotations

import os
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stoker.exceptions import UserErrorException

__all__ = ["Settings", "load_settings"]


class Settings(BaseSettings):
    """What a user can set in `.stoker/config.json` under `settings`, or by `STOKER_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="STOKER_", extra="ignore")

    idle_seconds: float = 600.0
    """The service leaves after so many seconds with no request and no unfinished run."""
    local_concurrency: int = os.cpu_count() or 1
    """How many runs the target `local` runs at once."""
    snapshot_max_bytes: int = 300 * 1024 * 1024
    """Largest source folder, in bytes."""
    snapshot_max_files: int = 100_000
    """Most files in a source folder."""
    environment_policy: Literal["nearest", "exact"] = "nearest"
    """Whether a pin without a wheel for the interpreter moves to the nearest newer release, or is refused."""
    cancel_grace_seconds: float = 10.0
    """Seconds between TERM and KILL when a run is canceled."""
    host: str = "127.0.0.1"
    """Address to listen on; anything but loopback is for `stoker server run`."""
    port: int = 0
    """Port to listen on; 0: any, chosen once and then kept."""
    max_upload_bytes: int = 64 * 1024**3
    """Largest upload in one request, a file or a pack of objects, in bytes."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the workspace's file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load_settings(config: dict[str, Any]) -> Settings:
    """Return the settings of a workspace's config.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A value of the wrong type; the message names it.
    """
    try:
        return Settings(**config.get("settings", {}))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UserErrorException(
            f"The setting {name!r} has the value {first['input']!r}: {first['msg']}. "
            f"Correct it in .stoker/config.json or in STOKER_{name.upper()}.",
            target=name,
        ) from error
