-- Owned by src/queue. The draw of a queue's lobby, one column a step: what is written once is never changed, so that
-- whoever takes over goes on with the same draw.
CREATE TABLE queue_draws (
  queue_id      uuid PRIMARY KEY REFERENCES queues (id),
  -- SHA-256 of the seed, published from the beginning.
  commitment    bytea NOT NULL CHECK (octet_length(commitment) = 32),
  committed_at  timestamptz NOT NULL DEFAULT now(),
  -- The seed, encrypted: no answer of the API is made from this column.
  sealed_seed   bytea NOT NULL,
  -- Where the public value comes from that is mixed in after the list is fixed; '' for none.
  beacon_source text NOT NULL,
  -- The journal's entry that closed the lobby: the list is who was in it then.
  closed_number bigint,
  listed_at     timestamptz,
  entries       integer,
  root          bytea,
  -- Roots of the list's parts, from which the root and any proof are made.
  part_roots    bytea[],
  -- What the source said right after the list was fixed: only another value is new. '' when it had none.
  beacon_before text,
  -- Null once settled: none was promised, or none came in time.
  beacon        text,
  settled_at    timestamptz,
  ordered_at    timestamptz,
  seed          bytea CHECK (sha256(seed) = commitment),
  published_at  timestamptz
);

-- The list, sorted by ticket, in parts of 1,024: the subtrees of its Merkle tree.
CREATE TABLE queue_draw_list (
  queue_id     uuid NOT NULL REFERENCES queue_draws (queue_id),
  part         integer NOT NULL,
  first_ticket uuid NOT NULL,
  ticket_ids   uuid[] NOT NULL,
  user_ids     uuid[] NOT NULL,
  -- The place of each, once drawn.
  places       integer[],
  PRIMARY KEY (queue_id, part),
  UNIQUE (queue_id, first_ticket)
);

-- The order, in parts of 1,000: place 1 is the first of part 0.
CREATE TABLE queue_draw_order (
  queue_id   uuid NOT NULL REFERENCES queue_draws (queue_id),
  part       integer NOT NULL,
  ticket_ids uuid[] NOT NULL,
  user_ids   uuid[] NOT NULL,
  PRIMARY KEY (queue_id, part)
);

CREATE FUNCTION refuse_redraw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- What OLD has, laid over NEW, changes nothing.
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) || jsonb_strip_nulls(to_jsonb(OLD)) = to_jsonb(NEW) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is written once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER queue_draws_once BEFORE UPDATE OR DELETE ON queue_draws
  FOR EACH ROW EXECUTE FUNCTION refuse_redraw();
CREATE TRIGGER queue_draw_list_once BEFORE UPDATE OR DELETE ON queue_draw_list
  FOR EACH ROW EXECUTE FUNCTION refuse_redraw();
CREATE TRIGGER queue_draw_order_once BEFORE UPDATE OR DELETE ON queue_draw_order
  FOR EACH ROW EXECUTE FUNCTION refuse_redraw();
