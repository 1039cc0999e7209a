-- Claims for the length of the transaction; refused at once where another transaction has one.
SELECT pg_try_advisory_xact_lock(claim) AS locked
FROM unnest(:locks::bigint[]) WITH ORDINALITY AS c (claim, number)
ORDER BY number
