"""Bakeoff runs language models side by side on the same questions and says which one to use."""

__version__ = "0.1.0"
