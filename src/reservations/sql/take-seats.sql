-- The decision: a versioned, conditional UPDATE of the seats, and with it the reservation and its history. The
-- caller compares the number of seats taken with the number wanted and rolls everything back if they differ.
-- The ordinals are asked for twice: see end-reservations.sql.
WITH wanted AS (
  SELECT * FROM unnest(:ordinals::int[], :versions::int[], :amounts::int[]) AS w (ordinal, version, amount)
), taken AS (
  UPDATE seat_states s
  SET status = 'HELD', version = s.version + 1, reservation_id = :id::uuid
  FROM wanted w
  WHERE s.performance_id = :performanceId::uuid AND s.ordinal = ANY (:ordinals::int[]) AND s.ordinal = w.ordinal
    AND s.version = w.version AND s.status = 'AVAILABLE'
  RETURNING s.ordinal, s.version, w.amount
), made AS (
  INSERT INTO reservations
    (id, performance_id, user_id, ticket_id, status, version, total_amount, currency, expires_at, created_at, updated_at)
  VALUES (:id::uuid, :performanceId::uuid, :userId::uuid, :ticketId::uuid, 'HELD', 1, :totalAmount::bigint, :currency,
    :expiresAt::timestamptz, :now::timestamptz, :now::timestamptz)
), logged AS (
  INSERT INTO reservation_history (reservation_id, performance_id, version, from_status, to_status, cause, at)
  VALUES (:id::uuid, :performanceId::uuid, 1, NULL, 'HELD', 'hold', :now::timestamptz)
), listed AS (
  INSERT INTO reservation_seats (reservation_id, performance_id, ordinal, amount)
  SELECT :id::uuid, :performanceId::uuid, ordinal, amount FROM taken
), written AS (
  INSERT INTO seat_history (performance_id, ordinal, version, from_status, to_status, reservation_id, cause, at)
  SELECT :performanceId::uuid, ordinal, version, 'AVAILABLE', 'HELD', :id::uuid, 'hold', :now::timestamptz FROM taken
)
SELECT
  (SELECT count(*)::int FROM taken) AS taken,
  (
    SELECT max(CASE r.status WHEN 'PAYING' THEN greatest(r.expires_at, r.updated_at + make_interval(secs => :payingSeconds::int)) ELSE r.expires_at END)
    FROM reservations r
    WHERE r.performance_id = :performanceId::uuid AND r.user_id = :userId::uuid AND r.ticket_id = :ticketId::uuid
      AND (r.status = 'PAYING' OR (r.status = 'HELD' AND r.expires_at > :now::timestamptz))
  ) AS "liveUntilBefore"
