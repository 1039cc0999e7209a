-- What happened to a performance's seats in the last minute.
SELECT count(*) FILTER (WHERE from_status IS NULL)::int AS "holdsPerMinute",
       count(*) FILTER (WHERE to_status = 'CONFIRMED')::int AS "confirmationsPerMinute"
FROM reservation_history
WHERE performance_id = :performanceId::uuid AND at > clock_timestamp() - interval '1 minute'
  AND (from_status IS NULL OR to_status = 'CONFIRMED')
