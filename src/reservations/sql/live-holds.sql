-- Fans with live reservations and the latest end of each fan's; an undecided payment's end is put off by the time after which the
-- provider is told to cancel.
SELECT r.user_id AS "userId",
  max(CASE r.status WHEN 'PAYING' THEN greatest(r.expires_at, r.updated_at + make_interval(secs => :payingSeconds::int)) ELSE r.expires_at END) AS until
FROM reservations r
WHERE r.performance_id = :performanceId::uuid
  AND (r.status = 'PAYING' OR (r.status = 'HELD' AND r.expires_at > clock_timestamp()))
GROUP BY r.user_id
