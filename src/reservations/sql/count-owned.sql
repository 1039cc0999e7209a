-- Seats a fan has in a performance: bought, being paid for, or held and not lapsed.
-- coalesce: see survey-hold.sql.
SELECT count(*)::int AS owned
FROM reservations r JOIN reservation_seats rs ON rs.reservation_id = r.id AND coalesce(rs.released_at, 'infinity') = 'infinity'
WHERE r.performance_id = :performanceId::uuid AND r.user_id = :userId::uuid
  AND (r.status IN ('PAYING', 'CONFIRMED') OR (r.status = 'HELD' AND r.expires_at > :now::timestamptz))
