-- The latest end of a ticket's live reservations, null when none is live. While a payment is undecided nobody
-- knows the end; it is put off by the time after which the provider is told to cancel.
SELECT max(CASE r.status WHEN 'PAYING' THEN greatest(r.expires_at, r.updated_at + make_interval(secs => :payingSeconds::int)) ELSE r.expires_at END) AS "liveUntil"
FROM reservations r
WHERE r.performance_id = :performanceId::uuid AND r.user_id = :userId::uuid AND r.ticket_id = :ticketId::uuid
  AND (r.status = 'PAYING' OR (r.status = 'HELD' AND r.expires_at > clock_timestamp()))
