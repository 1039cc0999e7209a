-- What still stands of a performance that was called off, a batch at a time.
SELECT id, status FROM reservations
WHERE performance_id = :performanceId::uuid AND status IN ('HELD', 'CONFIRMED')
ORDER BY id
LIMIT :limit::int
