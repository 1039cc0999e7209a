-- A batch of free seats off sale. SKIP LOCKED: a seat that someone is taking is found by the next round, either way.
WITH free AS MATERIALIZED (
  SELECT performance_id, ordinal FROM seat_states
  WHERE performance_id = :performanceId::uuid AND status = 'AVAILABLE'
  ORDER BY ordinal
  LIMIT :limit::int
  FOR NO KEY UPDATE SKIP LOCKED
), blocked AS (
  UPDATE seat_states s SET status = 'BLOCKED', version = s.version + 1
  FROM free WHERE s.performance_id = free.performance_id AND s.ordinal = free.ordinal AND s.status = 'AVAILABLE'
  RETURNING s.performance_id, s.ordinal, s.version
), written AS (
  INSERT INTO seat_history (performance_id, ordinal, version, from_status, to_status, cause, reason, at)
  SELECT performance_id, ordinal, version, 'AVAILABLE', 'BLOCKED', 'block', :reason, clock_timestamp() FROM blocked
)
SELECT count(*)::int AS blocked FROM blocked
