-- Locks, by id, what a fan holds or is paying for in one performance.
WITH locked AS MATERIALIZED (
  SELECT id, version, status FROM reservations
  WHERE performance_id = :performanceId::uuid AND user_id = :userId::uuid AND status IN ('HELD', 'PAYING')
  ORDER BY id
  FOR NO KEY UPDATE
)
SELECT id, version, status, date_trunc('milliseconds', clock_timestamp()) AS now FROM locked
