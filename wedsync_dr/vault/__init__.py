"""Where snapshots live: named bytes, written once, and a ledger of everything done."""
