UPDATE payments SET provider_id = :providerId WHERE id = :id::uuid AND provider_id IS NULL
