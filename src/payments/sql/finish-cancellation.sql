UPDATE cancellations SET finished_at = clock_timestamp()
WHERE performance_id = :performanceId::uuid AND finished_at IS NULL
RETURNING performance_id
