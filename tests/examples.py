"""Made-up keys, a moment in time, and the tokens that AWS's own packages make."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

from sigv4 import Keys

# AWS's documented example keys, and a made-up session token.
KEYS = Keys(
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AQoDYXdzEJr1K...EXAMPLETOKEN/+=",
)
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=timezone.utc)
REFERENCE = json.loads(
    (Path(__file__).parent / "data" / "reference_tokens.json").read_text(encoding="utf-8")
)["cases"]
