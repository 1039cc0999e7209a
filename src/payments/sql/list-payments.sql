-- Money that wants an eye on it, newest first: undecided at the provider, or come too late, or on its way back.
SELECT p.id, p.reservation_id AS "reservationId", r.performance_id AS "performanceId", p.user_id AS "userId", p.provider,
  p.provider_id AS "providerReference", p.amount, p.currency, p.status, p.started_at AS "startedAt", p.settled_at AS "settledAt",
  p.checks, r.status AS "reservationStatus",
  CASE WHEN f.id IS NOT NULL THEN json_build_object(
    'id', f.id, 'status', f.status, 'amount', f.amount, 'reason', f.reason, 'attempts', f.attempts) END AS refund
FROM payments p
  JOIN reservations r ON r.id = p.reservation_id
  LEFT JOIN refunds f ON f.payment_id = p.id
WHERE (:before::uuid IS NULL OR p.id < :before::uuid)
  AND CASE :status::text
    WHEN 'undecided' THEN p.status = 'pending'
    WHEN 'late' THEN f.reason = 'late_payment'
    WHEN 'refunding' THEN f.status = 'pending'
    ELSE true END
ORDER BY p.id DESC
LIMIT :limit::int
