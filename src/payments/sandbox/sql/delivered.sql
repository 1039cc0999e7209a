UPDATE sandbox_webhooks SET delivered_at = clock_timestamp() WHERE event_id = :eventId AND delivered_at IS NULL
