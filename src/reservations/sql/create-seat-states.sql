INSERT INTO seat_states (performance_id, ordinal)
SELECT :performanceId::uuid, ordinal FROM generate_series(0, :seatCount::int - 1) AS ordinal
