"""`python -m stoker.cli` is `stoker`."""

from __future__ import annotations

import sys

from stoker.cli import main

sys.exit(main())
