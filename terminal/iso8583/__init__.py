"""The wire: ISO 8583 in the CUP dialect. Law: pure; bytes in, values out, and what is not understood is refused."""
