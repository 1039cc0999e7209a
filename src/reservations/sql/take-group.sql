-- Several holds of one performance, decided at once: for each what survey-hold, lock-seats and take-seats do, in one
-- statement that waits for nobody. Their fans are locked already, by an earlier statement, so the cap is judged by
-- what was committed before. No two of them want the same seat or are the same fan's.
--
-- A hold is made only if all its seats were free and could be locked, the cap allows it and its key has no answer yet.
-- Any other leaves no trace and is judged alone, unless a seat of it is plainly gone.
--
-- The decision is the versioned, conditional UPDATE. A seat that became free again between this statement's snapshot
-- and its lock has a version that the UPDATE does not see: the caller compares the number of seats taken with the
-- number wanted, and rolls everything back if they differ.
--
-- The clock is read once, after the last lock. AVAILABLE and HELD by a subselect: see survey-hold.sql.
WITH holds AS MATERIALIZED (
  SELECT * FROM unnest(:ids::uuid[], :userIds::uuid[], :ticketIds::uuid[], :caps::int[], :holdSeconds::int[],
    :currencies::text[], :routes::text[], :keys::text[]) AS h (id, user_id, ticket_id, cap, hold_seconds, currency, route, key)
), wanted AS MATERIALIZED (
  SELECT * FROM unnest(:holdIds::uuid[], :ordinals::int[], :amounts::int[]) AS w (id, ordinal, amount)
), locked AS MATERIALIZED (
  SELECT s.ordinal, s.version
  FROM seat_states s
  WHERE s.performance_id = :performanceId::uuid AND s.ordinal = ANY (:ordinals::int[]) AND s.status = (SELECT 'AVAILABLE')
  ORDER BY s.ordinal
  FOR NO KEY UPDATE SKIP LOCKED
), clock AS MATERIALIZED (
  SELECT date_trunc('milliseconds', clock_timestamp()) AS now, count(*) FROM locked
), asked AS MATERIALIZED (
  SELECT w.id, count(*)::int AS seats, count(l.ordinal)::int AS free, sum(w.amount)::bigint AS total
  FROM wanted w LEFT JOIN locked l ON l.ordinal = w.ordinal
  GROUP BY w.id
), fit AS MATERIALIZED (
  SELECT h.id, h.user_id, h.ticket_id, h.currency, a.total, c.now, c.now + make_interval(secs => h.hold_seconds) AS expires_at
  FROM holds h JOIN asked a ON a.id = h.id CROSS JOIN clock c
  WHERE a.free = a.seats
    AND NOT EXISTS (
      SELECT FROM idempotency_keys k
      WHERE k.user_id = h.user_id AND k.route = h.route AND k.key = h.key
        AND k.created_at > c.now - make_interval(hours => :hours::int)
    )
    AND a.seats + (
      SELECT count(*)::int
      FROM reservations r JOIN reservation_seats rs ON rs.reservation_id = r.id AND coalesce(rs.released_at, 'infinity') = 'infinity'
      WHERE r.performance_id = :performanceId::uuid AND r.user_id = h.user_id
        AND (r.status IN ('PAYING', 'CONFIRMED') OR (r.status = 'HELD' AND r.expires_at > c.now))
    ) <= h.cap
), taken AS (
  UPDATE seat_states s
  SET status = 'HELD', version = s.version + 1, reservation_id = f.id
  FROM fit f JOIN wanted w ON w.id = f.id JOIN locked l ON l.ordinal = w.ordinal
  WHERE s.performance_id = :performanceId::uuid AND s.ordinal = w.ordinal
    AND s.version = l.version AND s.status = 'AVAILABLE'
  RETURNING s.ordinal, s.version, w.amount, f.id, f.now
), made AS (
  INSERT INTO reservations
    (id, performance_id, user_id, ticket_id, status, version, total_amount, currency, expires_at, created_at, updated_at)
  SELECT id, :performanceId::uuid, user_id, ticket_id, 'HELD', 1, total, currency, expires_at, now, now FROM fit
), logged AS (
  INSERT INTO reservation_history (reservation_id, performance_id, version, from_status, to_status, cause, at)
  SELECT id, :performanceId::uuid, 1, NULL, 'HELD', 'hold', now FROM fit
), listed AS (
  INSERT INTO reservation_seats (reservation_id, performance_id, ordinal, amount)
  SELECT id, :performanceId::uuid, ordinal, amount FROM taken
), written AS (
  INSERT INTO seat_history (performance_id, ordinal, version, from_status, to_status, reservation_id, cause, at)
  SELECT :performanceId::uuid, ordinal, version, 'AVAILABLE', 'HELD', id, 'hold', now FROM taken
)
SELECT
  h.id, c.now, f.id IS NOT NULL AS made,
  (SELECT count(*)::int FROM taken t WHERE t.id = h.id) AS taken,
  (
    SELECT max(CASE r.status WHEN 'PAYING' THEN greatest(r.expires_at, r.updated_at + make_interval(secs => :payingSeconds::int)) ELSE r.expires_at END)
    FROM reservations r
    WHERE f.id IS NOT NULL AND r.performance_id = :performanceId::uuid AND r.user_id = h.user_id AND r.ticket_id = h.ticket_id
      AND (r.status = 'PAYING' OR (r.status = 'HELD' AND r.expires_at > c.now))
  ) AS "liveUntilBefore",
  f.id IS NULL AND EXISTS (
    SELECT
    FROM wanted w
      JOIN seat_states s ON s.performance_id = :performanceId::uuid AND s.ordinal = w.ordinal
      LEFT JOIN reservations r ON r.id = s.reservation_id
    WHERE w.id = h.id AND s.status <> 'AVAILABLE'
      AND NOT (s.status = 'HELD' AND r.status = 'HELD' AND r.expires_at <= c.now)
  ) AS gone
FROM holds h CROSS JOIN clock c LEFT JOIN fit f ON f.id = h.id
