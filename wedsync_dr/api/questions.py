"""The GraphQL documents that the API sends."""

_RUN = """
fragment Told on Run {
  runId jobName status creationTime startTime endTime runConfig
  tags { key value }
}
"""

LAUNCH = (
    """
mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { ...Told } } } }
"""
    + _RUN
)

RUNS = (
    """
query ($filter: RunsFilter, $cursor: String, $limit: Int) {
  runsOrError(filter: $filter, cursor: $cursor, limit: $limit) {
    __typename
    ... on Runs { results { ...Told } } } }
"""
    + _RUN
)

COUNT = """
query ($filter: RunsFilter) { runsOrError(filter: $filter, limit: 1) {
    __typename
    ... on Runs { count } } }
"""

RUN = (
    """
query ($id: ID!) { runOrError(runId: $id) {
    __typename
    ... on Run { ...Told stepStats { stepKey status } } } }
"""
    + _RUN
)

FAILURES = """
query ($id: ID!, $cursor: String, $limit: Int) { runOrError(runId: $id) {
    __typename
    ... on Run { eventConnection(afterCursor: $cursor, limit: $limit) {
      cursor hasMore
      events {
        __typename
        ... on ExecutionStepFailureEvent {
          error { className }
          failureMetadata { description metadataEntries {
            label
            ... on TextMetadataEntry { text }
            ... on TableMetadataEntry { table { records } } } } }
        ... on RunFailureEvent { error { className } } } } } } }
"""

TERMINATE = """
mutation ($id: String!, $policy: TerminateRunPolicy) { terminateRun(runId: $id, terminatePolicy: $policy) {
    __typename
    ... on TerminateRunFailure { run { status } } } }
"""

_STATE = "id status ticks(limit: 1) { timestamp status }"

SCHEDULES = (
    """
query ($repository: RepositorySelector!) { schedulesOrError(repositorySelector: $repository) {
    __typename
    ... on Schedules { results {
      name description pipelineName cronSchedule executionTimezone
      futureTicks(limit: 3) { results { timestamp } }
      scheduleState { """
    + _STATE
    + """ } } } } }
"""
)

SENSORS = (
    """
query ($repository: RepositorySelector!) { sensorsOrError(repositorySelector: $repository) {
    __typename
    ... on Sensors { results {
      name description minIntervalSeconds
      targets { pipelineName }
      nextTick { timestamp }
      sensorState { """
    + _STATE
    + """ } } } } }
"""
)

START_SCHEDULE = """
mutation ($selector: ScheduleSelector!) { startSchedule(scheduleSelector: $selector) { __typename } }
"""
STOP_SCHEDULE = """
mutation ($id: String!) { stopRunningSchedule(id: $id) { __typename } }
"""
START_SENSOR = """
mutation ($selector: SensorSelector!) { startSensor(sensorSelector: $selector) { __typename } }
"""
STOP_SENSOR = """
mutation ($id: String!) { stopSensor(id: $id) { __typename } }
"""
