"""The emergency pack: one document per wedding that a coordinator opens without network."""
