"""The command line: thin doors onto app, one file for each command."""
