-- Seats that are free, held or sold: what is left of a performance that is being called off.
SELECT count(*)::int AS sellable FROM seat_states
WHERE performance_id = :performanceId::uuid AND status <> 'BLOCKED'
