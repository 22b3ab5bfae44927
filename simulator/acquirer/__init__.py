"""The bank on the other side of the wire. Law: strict with every message, and its books always balance. TEST ONLY."""
