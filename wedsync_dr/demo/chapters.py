"""The story, chapter by chapter. Each returns what it saw, or raises where something did not hold."""

from collections.abc import Callable

from wedsync_dr.demo.accident import destroy, flip_bit, picture
from wedsync_dr.demo.deployment import PLATFORM
from wedsync_dr.demo.generate import load_platform, wedding_of_tomorrow
from wedsync_dr.demo.scene import ASSETS, Scene, listed, require
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.pack.store import document, newest
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import survey
from wedsync_dr.source.session import connect
from wedsync_dr.vault.packs import Packs

Chapter = Callable[[Scene], str]


def a_platform(scene: Scene) -> str:
    """PostgreSQL, and a wedding platform in it."""
    if scene.deployment.start_database():
        load_platform(
            scene.deployment.server.url(PLATFORM),
            weddings=scene.weddings,
            seed=scene.seed,
            today=scene.deployment.now().date(),
            progress=scene.progress,
        )
    look_around(scene)
    counts = {kind: len(scene.ids(kind)) for kind in ASSETS}
    return f"{counts[Kind.WEDDING]} weddings, {counts[Kind.VENDOR]} vendors, {counts[Kind.PLATFORM]} tables"


def look_around(scene: Scene) -> None:
    """Which scopes there are, and which wedding is tomorrow."""
    source = scene.deployment.source()
    with survey(source) as seen:
        scene.scopes = discover(seen.reader, seen.catalog, seen.ownership)
    scene.lost = ScopeId.of_key(Kind.WEDDING, wedding_of_tomorrow(source.url))


def keys_and_vault(scene: Scene) -> str:
    """What `wedsync-dr init` does."""
    made = scene.deployment.make_keys()
    return f"made {', '.join(made)}" if made else "already there"


def dagster_runs(scene: Scene) -> str:
    """Webserver and daemon, as operators have them."""
    scene.deployment.start_dagster(scene.progress)
    return f"webserver and daemon, http://127.0.0.1:{scene.dagster.port}"


def partitions(scene: Scene) -> str:
    """The sensor finds every wedding, vendor and table."""

    def found() -> int:
        return sum(len(scene.dagster.partition_keys(asset)) for asset in ASSETS.values())

    total = len(scene.scopes)
    scene.wait("partition_sync", lambda: found() >= total, done=found, total=total)
    for kind, asset in ASSETS.items():
        require(set(scene.dagster.partition_keys(asset)) == set(scene.ids(kind)), f"{asset} has other partitions")
    return f"{total} partitions, all by the sensor"


def backfills(scene: Scene) -> str:
    """Every partition of every asset."""
    keys = {asset: scene.dagster.partition_keys(asset) for asset in ASSETS.values()}
    launched = [scene.dagster.launch_backfill(asset, keys[asset]) for asset in keys]
    total = len(scene.scopes)

    def done() -> int:
        return sum(scene.dagster.materialized(asset) for asset in keys)

    def finished() -> bool:
        found = [scene.dagster.backfill(backfill_id) for backfill_id in launched]
        failed = [backfill.failure for backfill in found if backfill.failed]
        require(not failed, f"a backfill failed: {listed(failed)}")
        return done() == total and all(backfill.runs_finished for backfill in found)

    scene.wait("backfills", finished, done=done, total=total)
    require(done() == total, f"{done()} of {total} partitions are materialized")
    runs = sum(scene.dagster.backfill(backfill_id).runs for backfill_id in launched)
    return f"{total} snapshots in {runs} runs, launched through GraphQL"


def a_full_pass(scene: Scene) -> str:
    """Everything at one instant: nothing has changed but that the schema is sealed, too."""
    scene.run("snapshot_wave", {"ops": {"snapshot_scopes": {"config": {"everything": True}}}})
    points = list(scene.deployment.archive().vault.snapshots())
    require(len(points) == len(scene.scopes) + 1, f"{len(points)} snapshots of {len(scene.scopes)} scopes")
    return "the schema sealed; every scope still current"


def a_drill(scene: Scene) -> str:
    """Recovery points of every tier, into scratch databases; a damaged copy must be refused."""
    scene.run("restore_drill", {})
    (drill,) = scene.deployment.archive().ledger.known().drills
    equal = sum(result["equal"] for result in drill["results"])
    require(bool(drill["ok"]), f"the drill found: {listed(drill['problems'])}")
    return f"{equal} recovery points restored aside, equal and in time; a damaged copy refused"


def packs_for_the_field(scene: Scene) -> str:
    """One PDF for each wedding of the coming days; that of tomorrow is opened as its file lies in the vault."""
    scene.run("near_packs", {})
    archive = scene.deployment.archive()
    weddings = len({ref.scope for ref in Packs(archive.vault.store).refs()})
    pack = document(archive, newest(archive, scene.wedding))
    require(pack.startswith(b"%PDF"), "the pack of the wedding of tomorrow is no PDF")
    return f"{weddings} emergency packs; tomorrow's has {len(pack) // 1000} KB and a passphrase of its own"


def checks_pass(scene: Scene) -> str:
    """The evidence: intact, equal to the source, complete."""
    results = scene.evidence()
    red = [f"{result.name} {result.failures[:1]}" for result in results if not result.passed]
    require(not red, f"red: {listed(red)}")
    return f"green: {', '.join(sorted(result.name for result in results))}"


def a_wedding_is_lost(scene: Scene) -> str:
    """All rows of a wedding of tomorrow."""
    source = scene.deployment.source()
    scene.before = picture(source, scene.wedding)
    deleted = destroy(source, scene.wedding)
    after = picture(source, scene.wedding)
    require(deleted == scene.before.scope_rows and after.scope_rows == 0, "not all rows of the wedding were deleted")
    return f"{deleted} rows in {len(after.different(scene.before))} tables deleted; the wedding is tomorrow"


def it_is_restored(scene: Scene) -> str:
    """First the plan, which changes nothing; then the same form with `confirm`."""
    assert scene.before is not None  # noqa: S101
    source = scene.deployment.source()
    lost = picture(source, scene.wedding)
    plan = scene.restore()["plan"]
    require(not picture(source, scene.wedding).different(lost), "the plan changed rows")
    require(plan["rows_to_insert"] == scene.before.scope_rows, f"the plan inserts {plan['rows_to_insert']} rows")
    done = scene.restore(plan_only=False, confirm=scene.wedding.id)["apply"]
    return f"{done['inserted']} rows inserted in {done['seconds']:.2f} s, in one transaction"


def bit_for_bit(scene: Scene) -> str:
    """The wedding's rows, and every other row of the database."""
    assert scene.before is not None  # noqa: S101
    now = picture(scene.deployment.source(), scene.wedding)
    require(now.scope_hash == scene.before.scope_hash, "the wedding's rows are not what they were")
    different = now.different(scene.before)
    require(not different, f"rows differ in {listed(different)}")
    return f"{now.scope_rows} rows equal; all {len(now.tables)} tables as before"


def a_second_snapshot(scene: Scene) -> str:
    """A guest cancels, so the wedding gets a second recovery point."""
    with connect(scene.deployment.source().url, name="a guest") as connection:
        statement = "UPDATE public.guests SET remark = 'cancelled by telephone' WHERE wedding_id = %s"
        changed = connection.execute(statement, [scene.wedding.key]).rowcount
    scene.run("snapshot_wave", {"ops": {"snapshot_scopes": {"config": {"weddings": [scene.wedding.id]}}}})
    points = list(scene.deployment.archive().vault.snapshots(scope=scene.wedding))
    require(len(points) == 2, f"the wedding has {len(points)} recovery points")
    return f"{changed} guests changed; 2 recovery points"


def a_bit_flips(scene: Scene) -> str:
    """In the newest snapshot, on the disk."""
    ref = list(scene.deployment.archive().vault.snapshots(scope=scene.wedding))[-1]
    place = scene.deployment.home / "vault" / "snapshots" / ref.scope.kind.value / ref.scope.id / ref.snapshot_id
    target = max(place.glob("*.parquet"), key=lambda path: path.stat().st_size)
    flip_bit(target)
    red = [result for result in scene.evidence() if result.name == "snapshots_intact" and not result.passed]
    rows = [row for result in red for row in result.failures]
    named = [row for row in rows if row["scope"] == str(scene.wedding) and target.name in row["what"]]
    require(
        len(red) == 1 and len(rows) == len(named) == 1, f"{len(rows)} findings, {len(named)} of them the planted one"
    )
    return f"found: {named[0]['scope']}: {str(named[0]['what']).split(':')[0]} {target.name}"


def the_older_one_is_used(scene: Scene) -> str:
    """A restore refuses the damaged recovery point and offers the one before."""
    first, newest = scene.deployment.archive().vault.snapshots(scope=scene.wedding)
    said = scene.restore(mode="replace")
    chosen = said["resolve"]["snapshot_id"]
    require(chosen == first.snapshot_id, "the restore did not fall back to the older recovery point")
    require(f"refused {newest.snapshot_id}" in said["resolve"], "the damaged recovery point was not named")
    return f"{newest.snapshot_id} refused, {chosen} offered; would update {said['plan']['rows_to_update']} rows"


CHAPTERS: tuple[tuple[str, Chapter], ...] = (
    ("a platform", a_platform),
    ("keys and vault", keys_and_vault),
    ("Dagster runs", dagster_runs),
    ("partitions", partitions),
    ("backfills", backfills),
    ("a full pass", a_full_pass),
    ("a drill", a_drill),
    ("packs for the field", packs_for_the_field),
    ("checks pass", checks_pass),
    ("a wedding is lost", a_wedding_is_lost),
    ("it is restored", it_is_restored),
    ("bit for bit", bit_for_bit),
    ("a second snapshot", a_second_snapshot),
    ("a bit flips", a_bit_flips),
    ("the older one is used", the_older_one_is_used),
)
UP = CHAPTERS[:4]
