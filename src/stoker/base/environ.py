"""Which of a user's environment variables travel on: an allow-list, so that no secret does by accident."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

__all__ = ["NAMES", "PREFIXES", "base_environment", "service_environment"]

NAMES = frozenset(
    {
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "JAVA_HOME",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "NO_PROXY",
        "PATH",
        "PYENV_ROOT",
        "REQUESTS_CA_BUNDLE",
        "SHELL",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TERM",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    }
)
"""Variables passed on by name."""

PREFIXES = ("CONDA_", "CUDA", "LC_", "MKL_", "NCCL_", "NVIDIA_", "OMP_", "OPENBLAS_", "PIP_", "ROCM_", "UV_", "XDG_")
"""Variables passed on by the beginning of their name."""

_NEVER_A_SETTING = (
    "STOKER_RUN_",
    "STOKER_TOKEN",
    "STOKER_URL",
    "STOKER_WORKSPACE",
    "STOKER_ROOT_RUN_ID",
    "STOKER_NODE_",
)


def base_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the part of `environ` (default: this process') that a run starts from.

    Examples
    --------
    >>> base_environment({"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x"})
    {'PATH': '/bin'}
    """
    source = os.environ if environ is None else environ
    return {name: value for name, value in source.items() if name in NAMES or name.startswith(PREFIXES)}


def service_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the service and the agent: the base plus Stoker's own settings."""
    source = os.environ if environ is None else environ
    settings = {
        name: value
        for name, value in source.items()
        if name.startswith("STOKER_") and not name.startswith(_NEVER_A_SETTING) and name != "STOKER_HOME_DIR"
    }
    return {**base_environment(source), **settings, "PYTHONUNBUFFERED": "1", "STOKER_PYTHON": sys.executable}
