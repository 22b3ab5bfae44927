"""What is owed. Law: from the moment a request may have left, only an answer or a named rule ends it."""
