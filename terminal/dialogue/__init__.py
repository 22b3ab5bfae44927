"""What merchant and terminal say to each other. Law: a dialogue owes nobody anything; it may be cut anywhere."""
