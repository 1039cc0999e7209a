-- Owned by src/auth.
CREATE TABLE users (
  id            uuid PRIMARY KEY,
  email         text NOT NULL,
  name          text NOT NULL,
  password_hash text NOT NULL,
  role          text NOT NULL DEFAULT 'fan' CHECK (role IN ('fan', 'gate', 'operator')),
  created_at    timestamptz NOT NULL DEFAULT now()
);
-- Emails are stored lower-cased; the index makes one account an address.
CREATE UNIQUE INDEX users_email ON users (email);

-- One row a login. Its refresh tokens are numbered; only the newest number, and for 30 s the one before, is good.
CREATE TABLE sessions (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  generation   integer NOT NULL DEFAULT 0,
  rotated_at   timestamptz NOT NULL DEFAULT now(),
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  -- Set only where an access token outlives the usual 15 minutes: until then a revocation must be remembered.
  access_until timestamptz,
  revoked_at   timestamptz,
  revoked_for  text CHECK (revoked_for IN ('logout', 'reuse', 'password'))
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
