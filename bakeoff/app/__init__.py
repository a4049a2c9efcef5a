"""The composition root: settings, wiring, and the use cases that CLI, API and workers share."""
