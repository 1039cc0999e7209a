-- One conditional transition; a payment that succeeded never changes again. A failed or cancelled one may still turn
-- out to have succeeded: that is late money.
UPDATE payments
SET status = :to, settled_at = :now::timestamptz, provider_id = coalesce(provider_id, :providerId)
WHERE id = :id::uuid AND status = :from
RETURNING id
