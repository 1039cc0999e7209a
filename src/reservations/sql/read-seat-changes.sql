-- The newest transition of each seat among those that became visible since a snapshot was taken. Transactions
-- below the snapshot's xmin were all over by then, so the index is entered there.
-- An outer join, so that the new snapshot comes back also when nothing changed.
SELECT pg_current_snapshot()::text AS watermark, c.ordinal, c.status, c.version, c.at
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT DISTINCT ON (ordinal) ordinal, to_status AS status, version, at
  FROM seat_history
  WHERE performance_id = :performanceId::uuid
    AND xid >= pg_snapshot_xmin(:after::pg_snapshot)
    AND NOT pg_visible_in_snapshot(xid, :after::pg_snapshot)
  ORDER BY ordinal, version DESC
) AS c ON true
