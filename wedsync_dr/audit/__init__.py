"""The auditors' report: what was done in a period, from ledger, vault and source, as pages that can be signed."""
