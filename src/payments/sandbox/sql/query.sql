SELECT id, status FROM sandbox_charges WHERE payment_id = :paymentId::uuid
