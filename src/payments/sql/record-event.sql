-- In the transaction of its effect. No row comes back for an event that was here before; while its first delivery is
-- still being worked on, this waits for it.
INSERT INTO payment_events (provider, event_id, type, payment_id)
VALUES (:provider, :eventId, :type, :paymentId::uuid)
ON CONFLICT (provider, event_id) DO NOTHING
RETURNING event_id
