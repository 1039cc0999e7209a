DELETE FROM idempotency_keys k
USING (
  SELECT user_id, route, key FROM idempotency_keys
  WHERE created_at <= clock_timestamp() - make_interval(hours => :hours::int)
  ORDER BY created_at LIMIT :limit::int
  FOR UPDATE SKIP LOCKED
) AS old
WHERE k.user_id = old.user_id AND k.route = old.route AND k.key = old.key
RETURNING k.key
