UPDATE sandbox_charges SET refund_id = coalesce(refund_id, :refundId)
WHERE payment_id = :paymentId::uuid
RETURNING refund_id AS "refundId"
