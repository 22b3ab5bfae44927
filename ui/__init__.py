"""yuanlu-front: how a Screen looks and how a key becomes an Event."""
