"""One device and one third-party package per file; each with a simulated twin in simulator/."""
