-- Of the named reservations those that a deadline may still end, and the time.
SELECT id, expires_at AS "expiresAt", date_trunc('milliseconds', clock_timestamp()) AS now
FROM reservations
WHERE id = ANY (:ids::uuid[]) AND status IN ('HELD', 'PAYING')
