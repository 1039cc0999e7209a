SELECT pg_notify('fastpass_seats', :performanceId)
