-- A ticket that was used at the gate is not voided unless the performance is called off; the caller compares the numbers and rolls back.
WITH locked AS MATERIALIZED (
  SELECT id, checked_in_at FROM tickets
  WHERE reservation_id = :id::uuid AND voided_at IS NULL
  ORDER BY ordinal
  FOR NO KEY UPDATE
), voided AS (
  UPDATE tickets t SET voided_at = :now::timestamptz
  FROM locked WHERE t.id = locked.id AND (t.checked_in_at IS NULL OR :usedToo::boolean)
  RETURNING t.id
)
SELECT (SELECT count(*)::int FROM locked) AS issued, (SELECT count(*)::int FROM voided) AS voided
