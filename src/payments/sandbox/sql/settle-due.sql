-- Undecided charges whose time has come succeed, and news of each is put aside for delivery.
WITH due AS (
  SELECT id FROM sandbox_charges
  WHERE status = 'pending' AND settles_at <= clock_timestamp()
    AND (:paymentId::uuid IS NULL OR payment_id = :paymentId::uuid)
  ORDER BY settles_at LIMIT :limit::int
  FOR UPDATE SKIP LOCKED
), settled AS (
  UPDATE sandbox_charges c SET status = 'succeeded' FROM due WHERE c.id = due.id RETURNING c.id, c.payment_id
)
INSERT INTO sandbox_webhooks (event_id, type, payment_id)
SELECT 'evt_' || id, 'payment.succeeded', payment_id FROM settled
ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
