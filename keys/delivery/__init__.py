"""How keys come: custodians' components, bundles, a key distribution host's tokens."""
