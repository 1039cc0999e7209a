-- A batch of lapsed holds: those of the named, and of all the longest lapsed up to the limit. SKIP LOCKED: any number
-- of workers share the work, none waits for a busy reservation, and so the order of the locks does not matter.
-- HELD by a subselect: see survey-hold.sql. The time by one too: a clock that may differ from row to row bounds no index.
WITH named AS MATERIALIZED (
  SELECT id, version FROM reservations
  WHERE status = (SELECT 'HELD') AND expires_at <= date_trunc('milliseconds', clock_timestamp()) AND id = ANY (:ids::uuid[])
  FOR NO KEY UPDATE SKIP LOCKED
), longest AS MATERIALIZED (
  SELECT id, version FROM reservations
  WHERE status = 'HELD' AND expires_at <= (SELECT date_trunc('milliseconds', clock_timestamp()))
    AND (:performanceId::uuid IS NULL OR performance_id = :performanceId::uuid)
  ORDER BY expires_at
  LIMIT :limit::int
  FOR NO KEY UPDATE SKIP LOCKED
), locked AS MATERIALIZED (
  SELECT id, version FROM named UNION SELECT id, version FROM longest
)
SELECT id, version, date_trunc('milliseconds', clock_timestamp()) AS now FROM locked
