-- All seats of a performance at one instant, and the snapshot that says which instant.
SELECT coalesce(string_agg(left(status, 1), '' ORDER BY ordinal), '') AS states,
       coalesce(array_agg(version ORDER BY ordinal), '{}') AS versions,
       pg_current_snapshot()::text AS watermark
FROM seat_states WHERE performance_id = :performanceId::uuid
