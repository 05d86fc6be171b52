-- Vendors, alone or as part of an organization, and what they offer.

CREATE TABLE public.organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    slug public.slug NOT NULL UNIQUE,
    country_code character(2) REFERENCES public.countries,
    plan public.vendor_plan NOT NULL DEFAULT 'free' REFERENCES billing.plans,
    settings jsonb NOT NULL DEFAULT '{}',
    brand_color public.color,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.vendors (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid REFERENCES public.organizations ON DELETE CASCADE,
    category_id smallint NOT NULL REFERENCES public.vendor_categories,
    name text NOT NULL,
    slug public.slug NOT NULL UNIQUE,
    email public.email_address,
    contact_name text,
    phone text,
    description text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    office point,
    rating numeric,
    price_range int4range,
    open_days bit(7) NOT NULL DEFAULT B'1111100',
    opens_at time,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple', name || ' ' || description)) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN public.vendors.organization_id IS 'A vendor of an organization is part of it; without one it stands alone.';

CREATE TABLE public.team_members (
    organization_id uuid NOT NULL REFERENCES public.organizations ON DELETE CASCADE,
    profile_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'manager', 'member')),
    joined_on date NOT NULL,
    PRIMARY KEY (organization_id, profile_id)
);

CREATE TABLE public.vendor_services (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    name text NOT NULL,
    price public.amount NOT NULL,
    duration interval,
    packages text[],
    "position" integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (vendor_id, id)
);
COMMENT ON COLUMN public.vendor_services.packages IS 'Rows of name and price: a two-dimensional array.';

CREATE TABLE public.vendor_availability (
    vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    during daterange NOT NULL CHECK (NOT isempty(during)),
    is_available boolean NOT NULL,
    remark text,
    PRIMARY KEY (vendor_id, during)
);

CREATE TABLE public.vendor_referrals (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    referred_vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    commission numeric(5, 4) CHECK (commission < 1),
    agreed_on date,
    CHECK (vendor_id <> referred_vendor_id)
);
COMMENT ON TABLE public.vendor_referrals IS 'Two vendors share a row: it belongs to neither.';

CREATE TABLE public.venues (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid REFERENCES public.vendors ON DELETE SET NULL,
    name text NOT NULL,
    address public.postal_address,
    location point,
    outline polygon,
    capacity integer CHECK (capacity > 0),
    amenities text[] NOT NULL DEFAULT '{}',
    phone text,
    access text
);

CREATE TABLE public.venue_rooms (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    venue_id uuid NOT NULL REFERENCES public.venues ON DELETE CASCADE,
    name text NOT NULL,
    floor_area double precision,
    seats_by_layout integer[]
);
COMMENT ON COLUMN public.venue_rooms.seats_by_layout IS 'Seats by number of dance floors, so it counts from 0.';

CREATE TABLE storage.buckets (
    id text PRIMARY KEY,
    public boolean NOT NULL DEFAULT false,
    file_size_limit bigint,
    allowed_mime_types text[],
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE storage.objects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    bucket_id text NOT NULL REFERENCES storage.buckets,
    name text NOT NULL,
    owner uuid REFERENCES auth.users ON DELETE SET NULL,
    wedding_ref text,
    vendor_ref text,
    metadata jsonb,
    path_tokens text[] GENERATED ALWAYS AS (string_to_array(name, '/')) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (bucket_id, name)
);
COMMENT ON COLUMN storage.objects.wedding_ref IS 'The wedding id as text, without a foreign key.';
COMMENT ON COLUMN storage.objects.vendor_ref IS 'The vendor id as text, without a foreign key.';

CREATE TABLE public.portfolio_images (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    object_id uuid REFERENCES storage.objects ON DELETE SET NULL,
    style public.slug REFERENCES public.photography_styles,
    caption text,
    thumbnail bytea,
    "position" integer NOT NULL
);

CREATE TABLE public.forms (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid NOT NULL REFERENCES public.vendors ON DELETE CASCADE,
    title text NOT NULL,
    fields jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
