-- The gate: one conditional UPDATE admits a ticket once, however many scanners read it at the same time. The others wait
-- for the first one's commit and then match nothing.
UPDATE tickets SET checked_in_at = clock_timestamp(), checked_in_by = :by::uuid
WHERE id = :id::uuid AND checked_in_at IS NULL AND voided_at IS NULL
RETURNING id, reservation_id AS "reservationId", performance_id AS "performanceId", ordinal, checked_in_at AS "checkedInAt"
