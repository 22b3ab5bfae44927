"""What happened. Law: appended and synced before it is acted on; never altered; chained."""
