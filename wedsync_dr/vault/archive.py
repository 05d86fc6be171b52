"""All that is needed to seal snapshots and to open them again: vault, keyring, ledger."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, ObjectMissing, ScopeBusy
from wedsync_dr.model import Horizon, Instant, Manifest, ScopeId, utc_text
from wedsync_dr.vault import manifests
from wedsync_dr.vault.ledger import Ledger
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef, Vault


@dataclass(frozen=True)
class Archive:
    """Vault, keyring and ledger that belong together. Can be sent to another process."""

    vault: Vault
    keyring: Keyring = field(repr=False)
    ledger: Ledger
    signer: Signer = field(repr=False)
    verifier: Verifier

    @classmethod
    def open(cls, vault: Vault, keyring: Keyring) -> "Archive":
        """Open what `init` made. Raises NotInitialised, KeyRefused (another vault's keyring) and FormatUnsupported."""
        vault.check()
        signer, verifier = keyring.signer(), keyring.verifier()
        ledger = Ledger(vault.store, signer, verifier)
        ledger.require_ours()
        return cls(vault, keyring, ledger, signer, verifier)

    @property
    def supplements(self) -> "Archive":
        """The same keys and the same ledger, with the vault's supplements in the place of its snapshots."""
        return replace(self, vault=self.vault.supplements)

    def newest(self, scope: ScopeId) -> Manifest | None:
        """The manifest of a scope's newest snapshot; its objects are not read.

        Raises Damaged where it cannot count as a recovery point: unsigned, not the one that the ledger names, or one of
        its objects is gone or cut.
        """
        ref = self.vault.newest(scope)
        if ref is None:
            return None
        data = self.vault.raw_manifest(scope, ref.snapshot_id)
        manifest = manifests.from_bytes(data, scope, ref.snapshot_id, self.verifier)
        believed = self.ledger.known().believes(scope, ref.snapshot_id, manifests.digest(data))
        if not believed or not self.vault.holds(manifest):
            raise Damaged(f"The newest snapshot of {scope} is damaged.", remedy="`wedsync-dr verify` names the damage.")
        return manifest

    def recovery_refs(self, scope: ScopeId, as_of: datetime | None = None) -> list[SnapshotRef]:
        """The snapshots of a scope at or before an instant, newest first.

        What a restore secured before it replaced it counts only where exactly its instant is asked for.
        """
        state = self.ledger.known()
        found = [ref for ref in self.vault.snapshots(scope=scope) if as_of is None or ref.taken_at <= as_of]
        return [ref for ref in reversed(found) if ref.taken_at == as_of or not state.is_safety(scope, ref.snapshot_id)]

    def keeps(self, scope: ScopeId, snapshot_id: str, state: LedgerState) -> bool:
        """Whether a snapshot can count as a recovery point, as far as `newest` looks; cheaper, for many scopes."""
        try:
            data = self.vault.raw_manifest(scope, snapshot_id)
        except ObjectMissing:
            return False
        believed = state.believes(scope, snapshot_id, manifests.digest(data))
        return believed and self.vault.holds(manifests.from_named_bytes(data, scope, snapshot_id))

    def commit(
        self,
        batch: str,
        stored: Sequence[Manifest],
        current: Sequence[Manifest],
        instant: Instant,
        puts: Executor,
        *,
        supplements: Sequence[Manifest] = (),
        horizon: Horizon | None = None,
    ) -> None:
        """Make snapshots exist whose objects are in the vault: the ledger names them, then their manifests are written.

        The supplements that they need exist before them. Raises ScopeBusy, and writes no manifest, where another run
        has taken this batch for dead and closed it.
        """
        signed, beside = self._signed(stored), self._signed(supplements)
        body: dict[str, Any] = {
            "batch": batch,
            "taken_at": utc_text(instant.taken_at),
            "stored": _named(signed),
            "current": [_line(manifest) for manifest in current],
        }
        if beside:
            body["supplements"] = _named(beside)
        if horizon:
            body["horizon"] = asdict(horizon)
        self.ledger.append("snapshots", body, instant.taken_at)
        if batch in self.ledger.known().abandoned_batches:
            raise ScopeBusy(f"Another run has closed the batch {batch}.", remedy="Take the snapshots again.")
        for vault, written in ((self.vault.supplements, beside), (self.vault, signed)):
            if written:
                vault.commit({(manifest.scope, manifest.snapshot_id): data for manifest, data in written}, puts)

    def _signed(self, made: Sequence[Manifest]) -> list[tuple[Manifest, bytes]]:
        return [(manifest, manifests.to_bytes(manifest, self.signer)) for manifest in made]


def _named(signed: Sequence[tuple[Manifest, bytes]]) -> list[dict[str, str]]:
    return [_line(manifest) | {"manifest": manifests.digest(data)} for manifest, data in signed]


def _line(manifest: Manifest) -> dict[str, str]:
    return {"kind": manifest.scope.kind.value, "id": manifest.scope.id, "snapshot_id": manifest.snapshot_id}
