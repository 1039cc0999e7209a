-- Whether a transaction with this claim is open anywhere. Outside a transaction the lock is gone with the statement.
SELECT pg_try_advisory_xact_lock(:lock::bigint) AS free
