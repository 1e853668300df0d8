"""Reading v1 code without running it: what it uses, and what of that works here."""

from __future__ import annotations

__all__: list[str] = []
