-- A charge that has not arrived yet is written down as cancelled, so that it will be refused when it does.
INSERT INTO sandbox_charges (id, payment_id, amount, currency, card, status)
VALUES (:id, :paymentId::uuid, :amount::bigint, :currency, :card, 'cancelled')
ON CONFLICT (payment_id) DO UPDATE
  SET status = CASE sandbox_charges.status WHEN 'pending' THEN 'cancelled' ELSE sandbox_charges.status END
RETURNING id, status
