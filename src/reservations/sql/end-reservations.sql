-- Ends reservations whole: each leaves the named state and version, lets go of all its seats, and the seats
-- become AVAILABLE. Used for lapsed, cancelled, declined-too-late and refunded ones alike.
-- The reservations are locked already; the seats are locked here by performance and ordinal.
-- Rows not released yet are told by coalesce: of "IS NULL" the planner knows that the index of all live seats has the
-- same rows, and reads the whole of it for each reservation.
-- The ids are asked for twice: by the join alone, a plan made for a few hundred rows hashes the names and reads the
-- whole table past them, and does so still when the table has grown.
WITH ended AS (
  UPDATE reservations r
  SET status = :to, version = r.version + 1, updated_at = :now::timestamptz
  FROM unnest(:ids::uuid[], :versions::int[]) AS named (id, version)
  WHERE r.id = ANY (:ids::uuid[]) AND r.id = named.id AND r.version = named.version AND r.status = :from
    AND (NOT :onlyLapsed::boolean OR r.expires_at <= :now::timestamptz)
  RETURNING r.id, r.version, r.performance_id, r.user_id, r.ticket_id, r.expires_at, r.updated_at
), logged AS (
  INSERT INTO reservation_history (reservation_id, performance_id, version, from_status, to_status, cause, at)
  SELECT id, performance_id, version, :from, :to, :cause, :now::timestamptz FROM ended
), let_go AS (
  UPDATE reservation_seats rs SET released_at = :now::timestamptz
  FROM ended WHERE rs.reservation_id = ended.id AND coalesce(rs.released_at, 'infinity') = 'infinity'
  RETURNING rs.performance_id, rs.ordinal, rs.reservation_id
), locked AS MATERIALIZED (
  SELECT s.performance_id, s.ordinal, let_go.reservation_id
  FROM seat_states s JOIN let_go ON s.performance_id = let_go.performance_id AND s.ordinal = let_go.ordinal
  ORDER BY s.performance_id, s.ordinal
  FOR NO KEY UPDATE OF s
), freed AS (
  UPDATE seat_states s
  SET status = 'AVAILABLE', version = s.version + 1, reservation_id = NULL
  FROM locked l
  WHERE s.performance_id = l.performance_id AND s.ordinal = l.ordinal
    AND s.reservation_id = l.reservation_id AND s.status = :seatFrom
  RETURNING s.performance_id, s.ordinal, s.version, l.reservation_id
), written AS (
  INSERT INTO seat_history (performance_id, ordinal, version, from_status, to_status, reservation_id, cause, at)
  SELECT performance_id, ordinal, version, :seatFrom, 'AVAILABLE', reservation_id, :cause, :now::timestamptz FROM freed
)
SELECT
  ended.id, ended.performance_id AS "performanceId", ended.user_id AS "userId", ended.ticket_id AS "ticketId",
  ended.expires_at AS "expiresAt", ended.updated_at AS "endedAt", ended.version,
  (SELECT count(*)::int FROM let_go WHERE reservation_id = ended.id) AS "letGo",
  (SELECT coalesce(json_agg(json_build_object('ordinal', ordinal, 'version', version)), '[]')
     FROM freed WHERE reservation_id = ended.id) AS freed
FROM ended
