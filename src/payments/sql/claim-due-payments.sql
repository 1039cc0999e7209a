-- Payments to ask the provider about. Claiming one puts its next check off, longer each time, so any number of
-- workers share them and none waits for another. Only the question at which an undecided payment is cancelled is not put off.
UPDATE payments p
SET checks = p.checks + 1,
    next_check_at = least(
      clock_timestamp() + make_interval(secs => least(:longestSeconds::float8, :shortestSeconds::float8 * 2 ^ least(p.checks, 20))),
      CASE WHEN p.started_at + make_interval(secs => :undecidedSeconds::float8) > clock_timestamp()
        THEN p.started_at + make_interval(secs => :undecidedSeconds::float8) END)
FROM (
  SELECT id FROM payments
  WHERE status = 'pending' AND next_check_at <= clock_timestamp()
  ORDER BY next_check_at LIMIT :limit::int
  FOR NO KEY UPDATE SKIP LOCKED
) AS due
WHERE p.id = due.id
RETURNING p.id, p.reservation_id AS "reservationId", p.user_id AS "userId", p.provider, p.provider_id AS "providerId",
  p.method, p.amount, p.currency, p.status, p.body_hash AS "bodyHash", p.started_at AS "startedAt",
  p.settled_at AS "settledAt", NULL AS refund,
  extract(epoch FROM clock_timestamp() - p.started_at)::float8 AS "ageSeconds"
