"""The GraphQL documents that the story sends."""

_METADATA = """
metadataEntries {
  label
  ... on TextMetadataEntry { text }
  ... on IntMetadataEntry { intValue }
  ... on FloatMetadataEntry { floatValue }
  ... on TableMetadataEntry { table { records } }
}
"""

LOCATIONS = """
{ workspaceOrError {
    __typename
    ... on Workspace { locationEntries { name loadStatus locationOrLoadError {
      __typename ... on RepositoryLocation { name } ... on PythonError { message } } } }
    ... on PythonError { message } } }
"""

PARTITIONS = """
query ($asset: [String!]!) { assetNodeOrError(assetKey: {path: $asset}) {
    __typename
    ... on AssetNode { partitionKeys }
    ... on AssetNotFoundError { message } } }
"""

MATERIALIZED = """
query ($asset: [String!]!) { assetNodeOrError(assetKey: {path: $asset}) {
    __typename
    ... on AssetNode { partitionStats { numMaterialized } }
    ... on AssetNotFoundError { message } } }
"""

LAUNCH_BACKFILL = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message } } }
"""

BACKFILL = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
    __typename
    ... on PartitionBackfill { status runs { id status } error { message } }
    ... on Error { message } } }
"""

LAUNCH_RUN = """
mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on Error { message } } }
"""

STATUS = """
query ($id: ID!) { runOrError(runId: $id) {
    __typename
    ... on Run { status }
    ... on Error { message } } }
"""

EVENTS = (
    """
query ($id: ID!) { runOrError(runId: $id) {
    __typename
    ... on Run { eventConnection { events {
      __typename
      ... on StepEvent { stepKey }
      ... on ExecutionStepOutputEvent { """
    + _METADATA
    + """ }
      ... on ExecutionStepFailureEvent { error { message } } } } }
    ... on Error { message } } }
"""
)

CHECKS = (
    """
query ($asset: [String!]!) { assetNodeOrError(assetKey: {path: $asset}) {
    __typename
    ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks {
      name
      executionForLatestMaterialization { runId status evaluation { success severity """
    + _METADATA
    + """ } } } } } }
    ... on AssetNotFoundError { message } } }
"""
)
