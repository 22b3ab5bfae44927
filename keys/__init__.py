"""The only user of `cryptography`. Law: keys never leave; callers get MACs, sealed bytes and fingerprints."""
