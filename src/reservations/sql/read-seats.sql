SELECT ordinal, status, version FROM seat_states
WHERE performance_id = :performanceId::uuid AND ordinal = ANY (:ordinals::int[])
ORDER BY ordinal
