-- Owned by src/operator. Written in the transaction of the change it tells of.
CREATE TABLE audit_log (
  id         uuid PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor_id   uuid NOT NULL,
  actor      text NOT NULL,
  action     text NOT NULL,
  subject    text NOT NULL,
  subject_id uuid NOT NULL,
  "before"   jsonb,
  "after"    jsonb,
  reason     text
);
CREATE INDEX audit_log_subject ON audit_log (subject_id, id);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
