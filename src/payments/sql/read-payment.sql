SELECT p.id, p.reservation_id AS "reservationId", p.user_id AS "userId", p.provider, p.provider_id AS "providerId",
  p.method, p.amount, p.currency, p.status, p.body_hash AS "bodyHash", p.started_at AS "startedAt",
  p.settled_at AS "settledAt",
  (SELECT json_build_object('id', f.id, 'status', f.status, 'amount', f.amount, 'reason', f.reason)
     FROM refunds f WHERE f.payment_id = p.id) AS refund
FROM payments p
WHERE p.id = :id::uuid
