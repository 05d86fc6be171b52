"""Backup and disaster recovery, one wedding at a time."""
