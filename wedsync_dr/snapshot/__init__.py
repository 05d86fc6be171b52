"""Taking a scope out of the source, sealed, and opening it again."""
