SELECT body_hash AS "bodyHash", status, headers, body
FROM idempotency_keys
WHERE user_id = :userId::uuid AND route = :route AND key = :key
  AND created_at > clock_timestamp() - make_interval(hours => :hours::int)
