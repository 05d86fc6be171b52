"""A pack's passphrase: 100 bits of chance that can be read out over a bad line."""

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, which are taken for one another."""
_GROUPS, _LONG = 5, 4


def new_passphrase() -> str:
    """Five groups of four, as `7K3M-XQ2P-…`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(_LONG)) for _ in range(_GROUPS))
