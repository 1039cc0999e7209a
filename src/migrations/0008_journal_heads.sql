-- Owned by src/queue. The head of each journal as it was signed: a chain that was made anew does not lead there.
CREATE TABLE queue_heads (
  queue_id  uuid NOT NULL REFERENCES queues (id),
  -- Of the journal entry whose hash was signed.
  number    bigint NOT NULL,
  signed_at timestamptz NOT NULL DEFAULT now(),
  token     text NOT NULL,
  PRIMARY KEY (queue_id, number)
);
CREATE TRIGGER queue_heads_append_only BEFORE UPDATE OR DELETE ON queue_heads
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
