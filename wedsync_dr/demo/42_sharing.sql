-- Photos, messages and forms; what the platform itself writes down.

CREATE TABLE public.photos (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid NOT NULL REFERENCES public.weddings ON DELETE CASCADE,
    object_id uuid REFERENCES storage.objects ON DELETE SET NULL,
    vendor_id uuid REFERENCES public.vendors ON DELETE SET NULL,
    guest_id uuid REFERENCES public.guests ON DELETE SET NULL,
    taken_at timestamptz,
    size integer[] CHECK (array_length(size, 1) = 2),
    exif jsonb,
    tags text[],
    fingerprint bytea
);

CREATE TABLE public.albums (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid NOT NULL REFERENCES public.weddings ON DELETE CASCADE,
    cover_id uuid REFERENCES public.photos ON DELETE SET NULL,
    title text NOT NULL,
    share_token text UNIQUE
);

CREATE TABLE public.album_photos (
    album_id uuid NOT NULL REFERENCES public.albums ON DELETE CASCADE,
    photo_id uuid NOT NULL REFERENCES public.photos ON DELETE CASCADE,
    "position" integer NOT NULL,
    PRIMARY KEY (album_id, photo_id)
);

CREATE TABLE public.conversations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid REFERENCES public.weddings ON DELETE CASCADE,
    vendor_id uuid REFERENCES public.vendors ON DELETE CASCADE,
    subject text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (wedding_id IS NOT NULL OR vendor_id IS NOT NULL)
);

CREATE TABLE public.messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id uuid NOT NULL REFERENCES public.conversations ON DELETE CASCADE,
    sender_id uuid REFERENCES public.profiles ON DELETE SET NULL,
    channel public.channel NOT NULL DEFAULT 'app',
    body text NOT NULL,
    attachments jsonb NOT NULL DEFAULT '[]',
    read_by uuid[] NOT NULL DEFAULT '{}',
    sent_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.broadcasts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    wedding_ids uuid[] NOT NULL,
    body text NOT NULL,
    sent_at timestamptz
);
COMMENT ON COLUMN public.broadcasts.wedding_ids IS 'Every element points to a wedding, without a foreign key.';

CREATE TABLE public.form_responses (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    form_id uuid NOT NULL REFERENCES public.forms ON DELETE CASCADE,
    wedding_id uuid REFERENCES public.weddings ON DELETE CASCADE,
    answers jsonb NOT NULL,
    submitted_from inet,
    submitted_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.activity_feed (
    wedding_id uuid REFERENCES public.weddings ON DELETE CASCADE,
    actor text,
    what text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE public.activity_feed IS 'Has no key, and the same line may stand in it twice.';

CREATE TABLE public.email_outbox (
    id bigserial PRIMARY KEY,
    wedding_id uuid REFERENCES public.weddings ON DELETE CASCADE,
    template public.slug REFERENCES public.notification_templates,
    recipient public.email_address NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);
COMMENT ON TABLE public.email_outbox IS 'A row without sent_at is an e-mail that will go out.';

CREATE TABLE public.audit_log (
    id bigserial NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    relation text NOT NULL,
    row_key text,
    action text NOT NULL CHECK (action IN ('INSERT', 'UPDATE', 'DELETE')),
    actor uuid,
    changed text[],
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
COMMENT ON TABLE public.audit_log IS 'Who changed which row. The platform''s evidence: it names rows, holds nobody''s data and is never rewound.';

CREATE TABLE public.audit_log_default PARTITION OF public.audit_log DEFAULT;
DO $$
BEGIN
    FOR year IN 2024..2029 LOOP
        EXECUTE format('CREATE TABLE public.audit_log_%s PARTITION OF public.audit_log FOR VALUES FROM (%L) TO (%L)',
                       year, year || '-01-01 00:00+00', year + 1 || '-01-01 00:00+00');
    END LOOP;
END $$;
