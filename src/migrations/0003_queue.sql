-- Owned by src/queue. Redis decides who is next; these tables are what it is rebuilt from.
CREATE TABLE queues (
  id                uuid PRIMARY KEY,
  performance_id    uuid NOT NULL UNIQUE REFERENCES performances (id),
  created_at        timestamptz NOT NULL DEFAULT now(),
  settings          jsonb NOT NULL,
  -- Rises with each change of settings or controls; Redis refuses an older version.
  version           integer NOT NULL DEFAULT 1,
  changed_by        text NOT NULL,
  paused_at         timestamptz,
  closed_at         timestamptz,
  notice            jsonb,
  -- [{index, name, share}] of the lanes beside the general one.
  lanes             jsonb NOT NULL DEFAULT '[]',
  -- 0 until first loaded into Redis; raised by each rebuild.
  epoch             integer NOT NULL DEFAULT 0,
  -- The number of the last tick committed: a Redis that lost data answers another one.
  tick              bigint NOT NULL DEFAULT 0,
  -- That tick's time in microseconds: a replay of it has the same, a tick of a Redis that lost data has not.
  tick_micros       bigint NOT NULL DEFAULT 0,
  journal_length    bigint NOT NULL DEFAULT 0,
  journal_head      bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  -- Nothing waits, nobody is inside and it was closed: workers stop ticking it.
  ended_at          timestamptz
);

-- Codes that open a lane. Only their hashes are kept; how often one was used stands in the journal.
CREATE TABLE queue_codes (
  queue_id  uuid NOT NULL REFERENCES queues (id),
  code_hash text NOT NULL,
  lane      smallint NOT NULL CHECK (lane BETWEEN 1 AND 7),
  uses      integer NOT NULL CHECK (uses > 0),
  PRIMARY KEY (queue_id, code_hash)
);

-- Append-only and hash-chained: what happened, in the order in which it counted.
CREATE TABLE queue_journal (
  queue_id  uuid NOT NULL REFERENCES queues (id),
  number    bigint NOT NULL,
  epoch     integer NOT NULL,
  tick      bigint NOT NULL,
  at_micros bigint NOT NULL,
  kind      text NOT NULL,
  user_id   uuid,
  ticket_id uuid,
  sequence  bigint,
  lane      smallint,
  -- What else belongs to the entry: fence, deadlines, the setting that changed, by whom.
  -- json, not jsonb: the hash covers this very text.
  data      json NOT NULL,
  hash      bytea NOT NULL,
  PRIMARY KEY (queue_id, number)
);
CREATE INDEX queue_journal_ticket ON queue_journal (queue_id, ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX queue_journal_at ON queue_journal (queue_id, kind, at_micros);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER queue_journal_append_only BEFORE UPDATE OR DELETE ON queue_journal
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
