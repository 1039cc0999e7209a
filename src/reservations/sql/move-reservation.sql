-- One transition that touches no seat; it names the state and the version it leaves.
WITH moved AS (
  UPDATE reservations SET status = :to, version = version + 1, updated_at = :now::timestamptz
  WHERE id = :id::uuid AND status = :from AND version = :version::int
  RETURNING id, performance_id, version
), logged AS (
  INSERT INTO reservation_history (reservation_id, performance_id, version, from_status, to_status, cause, at)
  SELECT id, performance_id, version, :from, :to, :cause, :now::timestamptz FROM moved
)
SELECT version FROM moved
