-- Charged once however often it is sent; what the first one made is what every one is answered.
WITH made AS (
  INSERT INTO sandbox_charges (id, payment_id, amount, currency, card, status, settles_at)
  VALUES (:id, :paymentId::uuid, :amount::bigint, :currency, :card, :status,
    CASE WHEN :status = 'pending' THEN clock_timestamp() + make_interval(secs => :settleAfterSeconds::int) END)
  ON CONFLICT (payment_id) DO NOTHING
  RETURNING id, status
)
SELECT id, status FROM made
UNION ALL
SELECT id, status FROM sandbox_charges WHERE payment_id = :paymentId::uuid
LIMIT 1
