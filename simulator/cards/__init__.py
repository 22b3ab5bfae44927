"""Virtual cards and the readers they go into. Law: TEST CARDS ONLY; a card is a TOML file, not code."""
