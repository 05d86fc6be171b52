"""Keys: the root key wraps the scopes' keys, the scopes' keys give each sealed object its own."""
