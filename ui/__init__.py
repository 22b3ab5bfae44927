"""yuanlu-front: how a Screen looks and how a key becomes an Event."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # a terminal's log is not the place for a greeting
