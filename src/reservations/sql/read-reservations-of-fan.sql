-- A page of one account's reservations, newest first: their ids sort by time.
SELECT r.id, r.performance_id AS "performanceId", r.user_id AS "userId", r.ticket_id AS "ticketId", r.status, r.version,
  r.total_amount AS "totalAmount", r.currency, r.expires_at AS "expiresAt", r.extended_until AS "extendedUntil",
  r.status = 'HELD' AND r.expires_at <= clock_timestamp() AS lapsed,
  (SELECT json_agg(json_build_object('ordinal', rs.ordinal, 'amount', rs.amount) ORDER BY rs.ordinal)
     FROM reservation_seats rs WHERE rs.reservation_id = r.id) AS seats,
  (SELECT json_agg(json_build_object('id', t.id, 'ordinal', t.ordinal) ORDER BY t.ordinal)
     FROM tickets t WHERE t.reservation_id = r.id AND t.voided_at IS NULL) AS tickets
FROM reservations r
WHERE r.user_id = :userId::uuid AND (:before::uuid IS NULL OR r.id < :before::uuid)
ORDER BY r.id DESC
LIMIT :limit::int
