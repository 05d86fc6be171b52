"""Pure decisions: what is urgent."""
