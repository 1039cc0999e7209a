-- Locks seats by ordinal: the wanted ones and all those of the lapsed reservations, in one order. The clock is
-- read once, after the last lock was granted; everything the transaction judges by time, it judges by this.
-- coalesce: see survey-hold.sql.
WITH locked AS MATERIALIZED (
  SELECT s.ordinal, s.status, s.version, s.reservation_id
  FROM seat_states s
  WHERE s.performance_id = :performanceId::uuid
    AND s.ordinal = ANY (:ordinals::int[] || ARRAY (
      SELECT rs.ordinal FROM reservation_seats rs
      WHERE rs.reservation_id = ANY (:lapsed::uuid[]) AND coalesce(rs.released_at, 'infinity') = 'infinity'
    ))
  ORDER BY s.ordinal
  FOR NO KEY UPDATE
)
SELECT
  coalesce(json_agg(json_build_object(
    'ordinal', ordinal, 'status', status, 'version', version, 'reservationId', reservation_id) ORDER BY ordinal), '[]') AS seats,
  date_trunc('milliseconds', clock_timestamp()) AS now
FROM locked
