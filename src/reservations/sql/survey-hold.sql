-- What a hold must know before it locks a seat: who lapsed on the wanted seats, what is plainly gone, how many
-- seats the fan has. It runs in a statement of its own, after the fan's row was locked: counted in the locking
-- statement, the cap would be judged by a snapshot from before the wait.
--
-- Lapsed reservations are locked here, by id, before any seat. The rest is read without a lock, so that the
-- losers of a popular seat cost no row lock. A seat whose reservation has just been ended by someone else still
-- looks held in this snapshot; it is left to the locking read to judge.
--
-- HELD by a subselect and released_at by coalesce: from the plain conditions the planner knows that the partial indexes of
-- all live holds and seats have the same rows, and while statistics say that there are few, it reads the whole of them.
WITH lapsed AS MATERIALIZED (
  SELECT r.id, r.version
  FROM reservations r
  WHERE r.id IN (
      SELECT s.reservation_id FROM seat_states s
      WHERE s.performance_id = :performanceId::uuid AND s.ordinal = ANY (:ordinals::int[]) AND s.status = 'HELD'
    )
    AND r.status = (SELECT 'HELD') AND r.expires_at <= clock_timestamp()
  ORDER BY r.id
  FOR NO KEY UPDATE OF r
)
SELECT
  (SELECT coalesce(json_agg(json_build_object('id', id, 'version', version) ORDER BY id), '[]') FROM lapsed) AS lapsed,
  (
    SELECT coalesce(json_agg(json_build_object('ordinal', s.ordinal, 'status', s.status) ORDER BY s.ordinal), '[]')
    FROM seat_states s LEFT JOIN reservations r ON r.id = s.reservation_id
    WHERE s.performance_id = :performanceId::uuid AND s.ordinal = ANY (:ordinals::int[])
      AND s.status <> 'AVAILABLE'
      AND NOT (s.status = 'HELD' AND r.status = 'HELD' AND r.expires_at <= clock_timestamp())
  ) AS taken,
  (
    SELECT count(*)::int
    FROM reservations r JOIN reservation_seats rs ON rs.reservation_id = r.id AND coalesce(rs.released_at, 'infinity') = 'infinity'
    WHERE r.performance_id = :performanceId::uuid AND r.user_id = :userId::uuid
      AND (r.status IN ('PAYING', 'CONFIRMED') OR (r.status = 'HELD' AND r.expires_at > clock_timestamp()))
  ) AS owned
