"""TensorBoard over runs: `Tensorboard(runs).start()`. Nothing is imported before it is used.

The package `tensorboard` is needed (`pip install tensorboard`), TensorFlow is not.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.tensorboard._tensorboard import Tensorboard

__all__ = ["Tensorboard"]


def __getattr__(name: str) -> Any:
    if name == "Tensorboard":
        from stoker.tensorboard._tensorboard import Tensorboard

        return Tensorboard
    raise AttributeError(f"module 'stoker.tensorboard' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
