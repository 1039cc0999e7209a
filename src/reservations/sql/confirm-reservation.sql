-- PAYING or PAID_LATE to CONFIRMED: its seats become OCCUPIED and a ticket is issued for each.
-- coalesce: see survey-hold.sql.
WITH confirmed AS (
  UPDATE reservations SET status = 'CONFIRMED', version = version + 1, updated_at = :now::timestamptz
  WHERE id = :id::uuid AND status = :from AND version = :version::int
  RETURNING id, performance_id, version
), logged AS (
  INSERT INTO reservation_history (reservation_id, performance_id, version, from_status, to_status, cause, at)
  SELECT id, performance_id, version, :from, 'CONFIRMED', :cause, :now::timestamptz FROM confirmed
), locked AS MATERIALIZED (
  SELECT s.performance_id, s.ordinal, rs.reservation_id
  FROM confirmed
    JOIN reservation_seats rs ON rs.reservation_id = confirmed.id AND coalesce(rs.released_at, 'infinity') = 'infinity'
    JOIN seat_states s ON s.performance_id = rs.performance_id AND s.ordinal = rs.ordinal
  ORDER BY s.performance_id, s.ordinal
  FOR NO KEY UPDATE OF s
), occupied AS (
  UPDATE seat_states s SET status = 'OCCUPIED', version = s.version + 1
  FROM locked l
  WHERE s.performance_id = l.performance_id AND s.ordinal = l.ordinal
    AND s.status = 'HELD' AND s.reservation_id = l.reservation_id
  RETURNING s.performance_id, s.ordinal, s.version, l.reservation_id
), written AS (
  INSERT INTO seat_history (performance_id, ordinal, version, from_status, to_status, reservation_id, cause, at)
  SELECT performance_id, ordinal, version, 'HELD', 'OCCUPIED', reservation_id, :cause, :now::timestamptz FROM occupied
), issued AS (
  INSERT INTO tickets (id, reservation_id, performance_id, ordinal, issued_at)
  SELECT (:ticketIds::uuid[])[(row_number() OVER (ORDER BY ordinal))::int], reservation_id, performance_id, ordinal, :now::timestamptz
  FROM occupied
)
SELECT confirmed.version,
  (SELECT count(*)::int FROM locked) AS seats,
  (SELECT count(*)::int FROM occupied) AS occupied
FROM confirmed
