"""Arrays in, Estimates out: intervals and paired tests."""
