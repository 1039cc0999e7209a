-- One ticket that is good; with an account, only its owner's.
SELECT t.id, t.reservation_id AS "reservationId", t.performance_id AS "performanceId", t.ordinal,
  t.checked_in_at AS "checkedInAt"
FROM tickets t JOIN reservations r ON r.id = t.reservation_id
WHERE t.id = :id::uuid AND t.voided_at IS NULL AND (:userId::uuid IS NULL OR r.user_id = :userId::uuid)
