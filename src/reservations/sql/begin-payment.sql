-- HELD to PAYING, only before the deadline. The first payment extends the hold, once, in the same versioned
-- UPDATE: `extended_until` is set by it and is never moved again, so no number of tries holds a seat longer.
-- HELD by a subselect: see survey-hold.sql.
WITH moved AS (
  UPDATE reservations
  SET status = 'PAYING', version = version + 1, updated_at = :now::timestamptz,
      extended_until = coalesce(extended_until,
        greatest(expires_at, :now::timestamptz + make_interval(secs => :extensionSeconds::int))),
      expires_at = CASE WHEN extended_until IS NULL
        THEN greatest(expires_at, :now::timestamptz + make_interval(secs => :extensionSeconds::int))
        ELSE expires_at END
  WHERE id = :id::uuid AND status = (SELECT 'HELD') AND version = :version::int AND expires_at > :now::timestamptz
  RETURNING id, performance_id, version
), logged AS (
  INSERT INTO reservation_history (reservation_id, performance_id, version, from_status, to_status, cause, at)
  SELECT id, performance_id, version, 'HELD', 'PAYING', 'payment', :now::timestamptz FROM moved
)
SELECT version FROM moved
