"""What is measured, and against what. Law: ratios and counts side by side in one run; nothing here fails a build."""
