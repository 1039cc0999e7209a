-- The request, and what has become of the performance's refunds. Counted when asked: an operator looks now and then.
SELECT c.performance_id AS "performanceId", c.reason, c.requested_at AS "requestedAt", c.finished_at AS "finishedAt",
  (SELECT count(*)::int FROM refunds f JOIN reservations r ON r.id = f.reservation_id
     WHERE r.performance_id = c.performance_id AND f.status = 'pending') AS refunding,
  (SELECT count(*)::int FROM refunds f JOIN reservations r ON r.id = f.reservation_id
     WHERE r.performance_id = c.performance_id AND f.status = 'succeeded') AS refunded,
  (SELECT count(*)::int FROM payments p JOIN reservations r ON r.id = p.reservation_id
     WHERE r.performance_id = c.performance_id AND p.status = 'pending') AS undecided,
  (SELECT count(*)::int FROM payments p JOIN reservations r ON r.id = p.reservation_id
     WHERE r.performance_id = c.performance_id AND p.status = 'succeeded'
       AND NOT EXISTS (SELECT FROM refunds f WHERE f.payment_id = p.id)) AS "toRefund"
FROM cancellations c
WHERE c.performance_id = :performanceId::uuid
