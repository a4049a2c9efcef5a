"""Run untrusted code where it can do no harm."""
