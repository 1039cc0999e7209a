-- Locks one reservation; the clock is read once the lock is granted.
WITH locked AS MATERIALIZED (
  SELECT id, performance_id, user_id, ticket_id, status, version, total_amount, currency, expires_at, extended_until
  FROM reservations WHERE id = :id::uuid AND (:userId::uuid IS NULL OR user_id = :userId::uuid)
  FOR NO KEY UPDATE
)
SELECT id, performance_id AS "performanceId", user_id AS "userId", ticket_id AS "ticketId", status, version,
  total_amount AS "totalAmount", currency, expires_at AS "expiresAt", extended_until AS "extendedUntil",
  date_trunc('milliseconds', clock_timestamp()) AS now
FROM locked
