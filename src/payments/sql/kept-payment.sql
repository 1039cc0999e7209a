-- The payment that a reservation stands on.
SELECT p.id, p.amount FROM payments p
WHERE p.reservation_id = :reservationId::uuid AND p.status = 'succeeded'
  AND NOT EXISTS (SELECT FROM refunds f WHERE f.payment_id = p.id)
