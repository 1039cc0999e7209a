-- Owned by src/payments: performances that were called off, and how far the work of it has come.
CREATE TABLE cancellations (
  performance_id uuid PRIMARY KEY REFERENCES performances (id),
  reason         text NOT NULL,
  requested_by   uuid NOT NULL,
  requested_at   timestamptz NOT NULL,
  -- Every hold is over, every seat blocked and every refund begun: nothing can be sold or bought back any more.
  finished_at    timestamptz
);
CREATE INDEX cancellations_open ON cancellations (requested_at) WHERE finished_at IS NULL;
