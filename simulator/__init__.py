"""A whole counter on one machine: bank, cards, printer, page. TEST CARDS AND TEST KEYS ONLY."""
