INSERT INTO payments
  (id, reservation_id, user_id, provider, method, amount, currency, status, idempotency_key, body_hash, started_at, next_check_at)
VALUES (:id::uuid, :reservationId::uuid, :userId::uuid, :provider, :method::jsonb, :amount::bigint, :currency, 'pending',
  :key, :bodyHash::bytea, :now::timestamptz, :now::timestamptz + make_interval(secs => :firstCheckSeconds::float8))
