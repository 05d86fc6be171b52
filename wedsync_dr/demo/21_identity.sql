-- People who sign in. Nearly every table points here, so nobody's ownership is read through these tables.

CREATE TABLE auth.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email public.email_address UNIQUE,
    phone character varying(32),
    encrypted_password text,
    user_metadata jsonb NOT NULL DEFAULT '{}',
    last_sign_in_at timestamptz,
    last_sign_in_from inet,
    banned_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN auth.users.banned_until IS 'infinity: for good';

CREATE TABLE auth.identities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    provider text NOT NULL,
    subject text NOT NULL,
    claims jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, subject)
);

CREATE TABLE auth.sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    started_at timestamptz NOT NULL DEFAULT now(),
    not_after timestamptz,
    ip inet,
    user_agent text
);

CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    full_name text NOT NULL,
    locale character varying(8) NOT NULL DEFAULT 'en',
    time_zone public.time_zone,
    preferences jsonb NOT NULL DEFAULT '{}',
    channels public.channel[] NOT NULL DEFAULT '{email}',
    quiet_from time,
    quiet_until time with time zone,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.http_sessions (
    token text PRIMARY KEY,
    user_id uuid REFERENCES auth.users ON DELETE CASCADE,
    state bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE public.http_sessions IS 'Recreated at login; not worth a backup.';
