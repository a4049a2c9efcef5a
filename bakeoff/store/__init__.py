"""SQLAlchemy tables, and repositories that turn rows into core types. Nobody else speaks SQL."""
