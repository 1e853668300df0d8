"""The store in a relational database, SQLite so far."""
