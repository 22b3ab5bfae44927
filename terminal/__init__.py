"""yuanlu: the application on a payment terminal that gives money back the way it came."""
