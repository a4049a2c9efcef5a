"""`python -m bakeoff` is `bakeoff`."""

from bakeoff.cli.main import main

main()
