-- The outbox: the reconciliation sends it to the provider. Amount and reservation are the payment's own.
INSERT INTO refunds (id, payment_id, reservation_id, amount, reason, ends_reservation, next_attempt_at, created_at)
SELECT :id::uuid, p.id, p.reservation_id, p.amount, :reason, :endsReservation::boolean, :now::timestamptz, :now::timestamptz
FROM payments p WHERE p.id = :paymentId::uuid AND p.status = 'succeeded'
RETURNING id
