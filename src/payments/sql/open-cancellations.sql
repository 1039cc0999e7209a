SELECT performance_id AS "performanceId", reason FROM cancellations WHERE finished_at IS NULL ORDER BY requested_at
