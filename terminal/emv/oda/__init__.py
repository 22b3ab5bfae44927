"""Offline data authentication (Books 2 and 3, 10.3). Law: it proves or it does not; it never ends a transaction."""
