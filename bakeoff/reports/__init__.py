"""Summary and comparison models (pure), then renderers: terminal, Markdown, JSON, CSV, HTML."""
