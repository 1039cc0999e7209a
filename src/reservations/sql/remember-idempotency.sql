-- A record past its time that no sweeper has met yet gives way; a younger one does not.
INSERT INTO idempotency_keys (user_id, route, key, body_hash, status, headers, body, created_at)
SELECT *, clock_timestamp()
FROM unnest(:userIds::uuid[], :routes::text[], :keys::text[], :bodyHashes::bytea[], :statuses::int[], :headers::jsonb[], :bodies::text[])
ON CONFLICT (user_id, route, key) DO UPDATE
  SET body_hash = excluded.body_hash, status = excluded.status, headers = excluded.headers,
      body = excluded.body, created_at = excluded.created_at
  WHERE idempotency_keys.created_at <= clock_timestamp() - make_interval(hours => :hours::int)
RETURNING key
