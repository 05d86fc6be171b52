"""Proving that recovery points restore: into a scratch database, timed, compared, with a control that must fail."""
