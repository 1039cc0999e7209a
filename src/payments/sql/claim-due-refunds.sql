UPDATE refunds f
SET attempts = f.attempts + 1,
    next_attempt_at = clock_timestamp() + make_interval(secs => least(:longestSeconds::float8, :shortestSeconds::float8 * 2 ^ least(f.attempts, 20)))
FROM (
  SELECT id FROM refunds
  WHERE status = 'pending' AND next_attempt_at <= clock_timestamp()
  ORDER BY next_attempt_at LIMIT :limit::int
  FOR NO KEY UPDATE SKIP LOCKED
) AS due, payments p
WHERE f.id = due.id AND p.id = f.payment_id
RETURNING f.id AS "refundId", f.attempts, p.id AS "paymentId", p.reservation_id AS "reservationId", p.provider,
  p.provider_id AS "providerId", p.method, p.amount, p.currency
