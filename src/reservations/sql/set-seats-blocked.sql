-- AVAILABLE to BLOCKED or back, for seats that are locked already.
WITH changed AS (
  UPDATE seat_states s SET status = :to, version = s.version + 1
  WHERE s.performance_id = :performanceId::uuid AND s.ordinal = ANY (:ordinals::int[]) AND s.status = :from
  RETURNING s.ordinal, s.version
), written AS (
  INSERT INTO seat_history (performance_id, ordinal, version, from_status, to_status, cause, reason, at)
  SELECT :performanceId::uuid, ordinal, version, :from, :to, :cause, :reason, :now::timestamptz FROM changed
)
SELECT ordinal FROM changed ORDER BY ordinal
