INSERT INTO cancellations (performance_id, reason, requested_by, requested_at)
VALUES (:performanceId::uuid, :reason, :by::uuid, clock_timestamp())
ON CONFLICT (performance_id) DO NOTHING
RETURNING performance_id
