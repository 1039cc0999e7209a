-- Locks the first of several groups of seats, all of one size, that is wholly free. SKIP LOCKED passes over what
-- another transaction is taking, so a herd spreads over the groups and nobody waits. The groups are tried in the
-- order given, one after the other, until one fits.
SELECT picked.seats, date_trunc('milliseconds', clock_timestamp()) AS now
FROM generate_series(1, cardinality(:ordinals::int[]), :quantity::int) AS place
CROSS JOIN LATERAL (
  SELECT count(*) AS free,
         json_agg(json_build_object('ordinal', ordinal, 'status', status, 'version', version) ORDER BY ordinal) AS seats
  FROM (
    SELECT s.ordinal, s.status, s.version
    FROM seat_states s
    WHERE s.performance_id = :performanceId::uuid
      AND s.ordinal = ANY ((:ordinals::int[])[place : place + :quantity::int - 1])
      AND s.status = 'AVAILABLE'
    ORDER BY s.ordinal
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS free_seats
) AS picked
WHERE picked.free = :quantity::int
LIMIT 1
