"""Speed and memory of Bakeoff beside a bare loop: `python -m bench` (or `make bench`)."""
