-- Late money: the seats of an ended reservation are taken for it again, if they are still at these versions.
-- The ordinals are asked for twice: see end-reservations.sql.
WITH wanted AS (
  SELECT * FROM unnest(:ordinals::int[], :versions::int[]) AS w (ordinal, version)
), taken AS (
  UPDATE seat_states s
  SET status = 'HELD', version = s.version + 1, reservation_id = :id::uuid
  FROM wanted w
  WHERE s.performance_id = :performanceId::uuid AND s.ordinal = ANY (:ordinals::int[]) AND s.ordinal = w.ordinal
    AND s.version = w.version AND s.status = 'AVAILABLE'
  RETURNING s.ordinal, s.version
), listed AS (
  UPDATE reservation_seats rs SET released_at = NULL
  FROM taken WHERE rs.reservation_id = :id::uuid AND rs.ordinal = taken.ordinal
), written AS (
  INSERT INTO seat_history (performance_id, ordinal, version, from_status, to_status, reservation_id, cause, at)
  SELECT :performanceId::uuid, ordinal, version, 'AVAILABLE', 'HELD', :id::uuid, 'payment_late', :now::timestamptz FROM taken
)
SELECT count(*)::int AS taken FROM taken
