-- Owned by src/reservations: the write side of the seats.
CREATE TABLE seat_states (
  performance_id uuid NOT NULL,
  ordinal        integer NOT NULL,
  status         text NOT NULL DEFAULT 'AVAILABLE' CHECK (status IN ('AVAILABLE', 'HELD', 'OCCUPIED', 'BLOCKED')),
  version        integer NOT NULL DEFAULT 0,
  reservation_id uuid,
  PRIMARY KEY (performance_id, ordinal),
  FOREIGN KEY (performance_id, ordinal) REFERENCES seats (performance_id, ordinal),
  CHECK ((status IN ('HELD', 'OCCUPIED')) = (reservation_id IS NOT NULL))
) WITH (fillfactor = 70);

CREATE TABLE reservations (
  id             uuid PRIMARY KEY,
  -- No foreign key: each hold would share-lock the one row of its performance. Its seats have one.
  performance_id uuid NOT NULL,
  user_id        uuid NOT NULL REFERENCES users (id),
  -- The queue ticket whose admission it was made under.
  ticket_id      uuid NOT NULL,
  status         text NOT NULL CHECK (status IN
    ('HELD', 'PAYING', 'CONFIRMED', 'EXPIRED', 'CANCELLED', 'PAID_LATE', 'REFUNDING', 'REFUNDED')),
  version        integer NOT NULL DEFAULT 1,
  total_amount   bigint NOT NULL CHECK (total_amount >= 0),
  currency       char(3) NOT NULL,
  expires_at     timestamptz NOT NULL,
  extended_until timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE INDEX reservations_lapsing ON reservations (expires_at) WHERE status = 'HELD';
CREATE INDEX reservations_user ON reservations (user_id, id);
CREATE INDEX reservations_performance_user ON reservations (performance_id, user_id);

CREATE TABLE reservation_seats (
  reservation_id uuid NOT NULL REFERENCES reservations (id),
  performance_id uuid NOT NULL,
  ordinal        integer NOT NULL,
  amount         integer NOT NULL,
  released_at    timestamptz,
  PRIMARY KEY (reservation_id, ordinal),
  FOREIGN KEY (performance_id, ordinal) REFERENCES seat_states (performance_id, ordinal)
);
-- The last line: whatever else fails, a seat stands in one live reservation at most.
CREATE UNIQUE INDEX reservation_seats_live ON reservation_seats (performance_id, ordinal) WHERE released_at IS NULL;

-- Append-only: every transition of every reservation, PAID_LATE included, which no row stays in.
CREATE TABLE reservation_history (
  reservation_id uuid NOT NULL,
  performance_id uuid NOT NULL,
  version        integer NOT NULL,
  -- Null at its creation.
  from_status    text,
  to_status      text NOT NULL,
  cause          text NOT NULL,
  at             timestamptz NOT NULL,
  PRIMARY KEY (reservation_id, version)
);
-- Holds made and reservations paid, for the operator's rates.
CREATE INDEX reservation_history_rates ON reservation_history (performance_id, at)
  WHERE from_status IS NULL OR to_status = 'CONFIRMED';
CREATE TRIGGER reservation_history_append_only BEFORE UPDATE OR DELETE ON reservation_history
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Append-only: every transition of every seat, with the version it made.
CREATE TABLE seat_history (
  performance_id uuid NOT NULL,
  ordinal        integer NOT NULL,
  version        integer NOT NULL,
  from_status    text NOT NULL,
  to_status      text NOT NULL,
  reservation_id uuid,
  cause          text NOT NULL,
  -- An operator's words, for blocked seats.
  reason         text,
  at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The transaction that wrote it: readers ask for what became visible between two snapshots, so a late
  -- commit is never missed, as it would be by tailing an id.
  xid            xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (performance_id, ordinal, version)
);
CREATE INDEX seat_history_tail ON seat_history (performance_id, xid);
CREATE TRIGGER seat_history_append_only BEFORE UPDATE OR DELETE ON seat_history
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE tickets (
  id             uuid PRIMARY KEY,
  reservation_id uuid NOT NULL REFERENCES reservations (id),
  performance_id uuid NOT NULL,
  ordinal        integer NOT NULL,
  issued_at      timestamptz NOT NULL DEFAULT now(),
  voided_at      timestamptz,
  checked_in_at  timestamptz,
  checked_in_by  uuid,
  UNIQUE (reservation_id, ordinal)
);

CREATE TABLE idempotency_keys (
  user_id       uuid NOT NULL,
  route         text NOT NULL,
  key           text NOT NULL,
  body_hash     bytea NOT NULL,
  status        integer NOT NULL,
  headers       jsonb NOT NULL,
  body          text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
