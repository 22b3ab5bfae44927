"""A tapped card: its account and nothing else (EMV Contactless Book B). Law: no cryptogram of it is ever used."""
