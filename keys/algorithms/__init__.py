"""What is done with a key: ciphers, MACs, PIN blocks, key blocks, key derivation. Pure: a key comes in as bytes."""
