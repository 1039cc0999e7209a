-- Locks, by id, the lapsed reservations that still stand on the given seats.
-- HELD by a subselect: see survey-hold.sql.
SELECT r.id, r.version
FROM reservations r
WHERE r.id IN (
    SELECT s.reservation_id FROM seat_states s
    WHERE s.performance_id = :performanceId::uuid AND s.ordinal = ANY (:ordinals::int[]) AND s.status = 'HELD'
  )
  AND r.status = (SELECT 'HELD') AND r.expires_at <= clock_timestamp()
ORDER BY r.id
FOR NO KEY UPDATE OF r
