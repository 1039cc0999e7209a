UPDATE sandbox_webhooks w
SET attempts = w.attempts + 1,
    next_at = clock_timestamp() + make_interval(secs => least(60, 2 ^ least(w.attempts, 6)))
FROM (
  SELECT event_id FROM sandbox_webhooks
  WHERE delivered_at IS NULL AND next_at <= clock_timestamp()
  ORDER BY next_at LIMIT :limit::int
  FOR UPDATE SKIP LOCKED
) AS due
WHERE w.event_id = due.event_id
RETURNING w.event_id AS "eventId", w.type, w.payment_id AS "paymentId"
