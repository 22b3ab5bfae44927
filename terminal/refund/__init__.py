"""What may be done: pure rules. Law: decided from values alone, before the card is asked for."""
