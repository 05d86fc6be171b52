"""The command line: works without Dagster, with nothing but the vault, the keyring and a database."""
