-- Owned by src/catalog.
CREATE TABLE events (
  id          uuid PRIMARY KEY,
  title       text NOT NULL,
  venue       text NOT NULL,
  description text,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE performances (
  id                 uuid PRIMARY KEY,
  event_id           uuid NOT NULL REFERENCES events (id),
  starts_at          timestamptz NOT NULL,
  currency           char(3) NOT NULL,
  hold_seconds       integer NOT NULL,
  max_seats_per_fan  integer NOT NULL,
  seat_count         integer NOT NULL CHECK (seat_count BETWEEN 1 AND 50000),
  layout_version     integer NOT NULL DEFAULT 1,
  -- Made together with the performance; the row of the queue names it back.
  queue_id           uuid NOT NULL UNIQUE,
  created_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX performances_event ON performances (event_id, starts_at, id);

CREATE TABLE sections (
  id             uuid PRIMARY KEY,
  performance_id uuid NOT NULL REFERENCES performances (id),
  ordinal        integer NOT NULL,
  name           text NOT NULL,
  amount         integer NOT NULL CHECK (amount >= 0),
  UNIQUE (performance_id, ordinal),
  UNIQUE (performance_id, name)
);

-- Where a seat is and what it costs. Never changed after it was generated; its state is in seat_states.
CREATE TABLE seats (
  performance_id uuid NOT NULL REFERENCES performances (id),
  ordinal        integer NOT NULL,
  id             uuid NOT NULL,
  section_id     uuid NOT NULL REFERENCES sections (id),
  row_name       text NOT NULL,
  number         integer NOT NULL,
  -- Centimetres: x to the right of the middle line, y away from the stage.
  x              integer NOT NULL,
  y              integer NOT NULL,
  accessible     boolean NOT NULL DEFAULT false,
  PRIMARY KEY (performance_id, ordinal)
);
CREATE UNIQUE INDEX seats_id ON seats (id);
