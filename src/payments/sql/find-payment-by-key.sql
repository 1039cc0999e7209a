-- The payment a client began under this key, whatever became of it: the durable claim of its request.
SELECT id, reservation_id AS "reservationId", user_id AS "userId", provider, provider_id AS "providerId", method,
  amount, currency, status, body_hash AS "bodyHash", started_at AS "startedAt", settled_at AS "settledAt", NULL AS refund
FROM payments
WHERE user_id = :userId::uuid AND reservation_id = :reservationId::uuid AND idempotency_key = :key
