"""The device on a counter, in a browser: one more front, and everything at the other ends of its wires."""
