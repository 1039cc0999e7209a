-- Owned by src/catalog. How the pages of an event look and what they say; null leaves them plain.
ALTER TABLE events ADD COLUMN look jsonb;

-- Apart from the look, which is read with every event.
CREATE TABLE event_logos (
  event_id uuid PRIMARY KEY REFERENCES events (id),
  type     text NOT NULL,
  -- Of the bytes: part of the logo's address, which may then be cached for ever.
  digest   text NOT NULL,
  bytes    bytea NOT NULL CHECK (octet_length(bytes) <= 32768)
);
