UPDATE refunds SET status = 'succeeded', settled_at = :now::timestamptz, provider_id = coalesce(provider_id, :providerId)
WHERE payment_id = :paymentId::uuid AND status = 'pending'
RETURNING id, ends_reservation AS "endsReservation"
