-- Who does what when, and with which vendor.

CREATE TABLE public.timeline_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid NOT NULL REFERENCES public.weddings ON DELETE CASCADE,
    title text NOT NULL,
    starts_at timestamptz NOT NULL,
    duration interval NOT NULL DEFAULT '30 minutes',
    location text,
    depends_on uuid[],
    "order" integer NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid NOT NULL REFERENCES public.weddings ON DELETE CASCADE,
    parent_id uuid REFERENCES public.tasks ON DELETE CASCADE,
    assignee_id uuid REFERENCES public.profiles ON DELETE SET NULL,
    template_id integer REFERENCES public.checklist_templates,
    title text NOT NULL,
    status public.task_status NOT NULL DEFAULT 'open',
    due_on date,
    reminders timestamptz[],
    "position" integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.bookings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid NOT NULL REFERENCES public.weddings ON DELETE CASCADE,
    vendor_id uuid NOT NULL REFERENCES public.vendors,
    service_id uuid,
    status public.booking_status NOT NULL DEFAULT 'enquiry',
    price public.amount,
    during tstzrange,
    terms jsonb,
    created_by uuid REFERENCES public.profiles ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (vendor_id, service_id) REFERENCES public.vendor_services (vendor_id, id),
    CHECK (status IN ('enquiry', 'cancelled') OR price IS NOT NULL)
);

CREATE TABLE public.contracts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid NOT NULL REFERENCES public.weddings ON DELETE CASCADE,
    vendor_id uuid NOT NULL REFERENCES public.vendors,
    booking_id uuid REFERENCES public.bookings ON DELETE SET NULL,
    number text NOT NULL UNIQUE,
    valid daterange,
    terms text NOT NULL,
    clauses text[],
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.contract_signatures (
    contract_id uuid NOT NULL REFERENCES public.contracts ON DELETE CASCADE,
    signer text NOT NULL,
    signed_at timestamptz,
    signed_from inet,
    signature bytea,
    PRIMARY KEY (contract_id, signer)
);

CREATE TABLE public.vendor_reviews (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    wedding_id uuid REFERENCES public.weddings ON DELETE SET NULL,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body text NOT NULL DEFAULT '',
    published_at timestamptz
);

CREATE TABLE public.documents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid,
    vendor_id uuid,
    uploaded_by uuid REFERENCES auth.users ON DELETE SET NULL,
    title text NOT NULL,
    body text,
    checksum bytea,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || coalesce(body, ''))) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN public.documents.wedding_id IS 'Points to a wedding without a foreign key.';
COMMENT ON COLUMN public.documents.vendor_id IS 'Points to a vendor without a foreign key.';

CREATE TABLE public.notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_type text NOT NULL CHECK (entity_type IN ('wedding', 'guest', 'task', 'booking', 'vendor', 'organization')),
    entity_id uuid NOT NULL,
    author_id uuid REFERENCES public.profiles ON DELETE SET NULL,
    body text NOT NULL,
    pinned_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.notes IS 'A remark on anything: entity_type says what entity_id points to.';
