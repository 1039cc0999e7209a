-- A sweeper's batch. SKIP LOCKED: any number of sweepers share the work, and none waits for a busy reservation.
SELECT id, version, date_trunc('milliseconds', clock_timestamp()) AS now
FROM reservations
WHERE status = 'HELD' AND expires_at <= date_trunc('milliseconds', clock_timestamp())
  AND (:performanceId::uuid IS NULL OR performance_id = :performanceId::uuid)
ORDER BY expires_at
LIMIT :limit::int
FOR NO KEY UPDATE SKIP LOCKED
