-- The latest end of each named ticket's live reservations, in the order of the names; null when none is live. While a
-- payment is undecided nobody knows the end; it is put off by the time after which the provider is told to cancel.
SELECT (
  SELECT max(CASE r.status WHEN 'PAYING' THEN greatest(r.expires_at, r.updated_at + make_interval(secs => :payingSeconds::int)) ELSE r.expires_at END)
  FROM reservations r
  WHERE r.performance_id = named.performance_id AND r.user_id = named.user_id AND r.ticket_id = named.ticket_id
    AND (r.status = 'PAYING' OR (r.status = 'HELD' AND r.expires_at > clock_timestamp()))
) AS "liveUntil"
FROM unnest(:performanceIds::uuid[], :userIds::uuid[], :ticketIds::uuid[])
  WITH ORDINALITY AS named (performance_id, user_id, ticket_id, at)
ORDER BY named.at
