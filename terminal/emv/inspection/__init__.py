"""What a card says, in words, for the technician. Law: masked before it leaves here; nothing on the card changes."""
