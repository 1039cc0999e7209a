-- Owned by src/payments.
CREATE TABLE payments (
  id              uuid PRIMARY KEY,
  reservation_id  uuid NOT NULL REFERENCES reservations (id),
  user_id         uuid NOT NULL REFERENCES users (id),
  provider        text NOT NULL,
  provider_id     text,
  method          jsonb NOT NULL,
  amount          bigint NOT NULL CHECK (amount >= 0),
  currency        char(3) NOT NULL,
  status          text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'cancelled')),
  idempotency_key text NOT NULL,
  body_hash       bytea NOT NULL,
  started_at      timestamptz NOT NULL,
  settled_at      timestamptz,
  -- When the reconciliation asks the provider next, and how often it has asked.
  next_check_at   timestamptz NOT NULL,
  checks          integer NOT NULL DEFAULT 0,
  UNIQUE (user_id, reservation_id, idempotency_key),
  CHECK ((status = 'pending') = (settled_at IS NULL))
);
-- One undecided payment a reservation.
CREATE UNIQUE INDEX payments_undecided ON payments (reservation_id) WHERE status = 'pending';
CREATE INDEX payments_reservation ON payments (reservation_id);
CREATE INDEX payments_due ON payments (next_check_at) WHERE status = 'pending';
CREATE UNIQUE INDEX payments_provider ON payments (provider, provider_id) WHERE provider_id IS NOT NULL;

CREATE TABLE payment_events (
  provider    text NOT NULL,
  event_id    text NOT NULL,
  type        text NOT NULL,
  payment_id  uuid,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (provider, event_id)
);

-- Also the outbox of refunds: a pending row is sent to the provider by the reconciliation worker.
CREATE TABLE refunds (
  id              uuid PRIMARY KEY,
  payment_id      uuid NOT NULL REFERENCES payments (id),
  reservation_id  uuid NOT NULL REFERENCES reservations (id),
  amount          bigint NOT NULL CHECK (amount >= 0),
  reason          text NOT NULL CHECK (reason IN ('fan', 'late_payment', 'performance_cancelled')),
  status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded')),
  -- False for money that came beside the payment that stands: the reservation goes on.
  ends_reservation boolean NOT NULL,
  provider_id     text,
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  created_at      timestamptz NOT NULL DEFAULT now(),
  settled_at      timestamptz,
  -- A payment is refunded whole, once: refunds can't exceed it.
  UNIQUE (payment_id)
);
CREATE INDEX refunds_pending ON refunds (next_attempt_at) WHERE status = 'pending';

-- The sandbox provider's own books, as a real provider would keep them on its side.
CREATE TABLE sandbox_charges (
  id                text PRIMARY KEY,
  -- The merchant's reference: the same one is charged once, however often it is sent.
  payment_id        uuid NOT NULL UNIQUE,
  amount            bigint NOT NULL,
  currency          char(3) NOT NULL,
  card              text NOT NULL,
  status            text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'cancelled')),
  settles_at        timestamptz,
  refund_id         text,
  created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sandbox_charges_due ON sandbox_charges (settles_at) WHERE status = 'pending';

-- News the sandbox still has to deliver.
CREATE TABLE sandbox_webhooks (
  event_id     text PRIMARY KEY,
  type         text NOT NULL,
  payment_id   uuid NOT NULL,
  attempts     integer NOT NULL DEFAULT 0,
  next_at      timestamptz NOT NULL DEFAULT now(),
  delivered_at timestamptz
);
CREATE INDEX sandbox_webhooks_due ON sandbox_webhooks (next_at) WHERE delivered_at IS NULL;
