-- Money: what the law makes the platform keep.

CREATE TABLE billing.subscriptions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations ON DELETE CASCADE,
    plan public.vendor_plan NOT NULL REFERENCES billing.plans,
    period daterange NOT NULL,
    price public.amount NOT NULL,
    renews boolean
);

CREATE TABLE billing.payouts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vendor_id uuid NOT NULL REFERENCES public.vendors,
    period daterange NOT NULL,
    gross numeric(14, 2) NOT NULL,
    fee numeric(14, 4) NOT NULL DEFAULT 0,
    net numeric(14, 4) GENERATED ALWAYS AS (gross - fee) STORED,
    paid_at timestamptz
);

CREATE TABLE billing.budget_categories (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wedding_id uuid NOT NULL REFERENCES public.weddings ON DELETE CASCADE,
    name text NOT NULL,
    planned public.amount NOT NULL,
    spent public.amount NOT NULL DEFAULT 0,
    remaining numeric GENERATED ALWAYS AS (planned - spent) STORED,
    "order" integer NOT NULL,
    UNIQUE (wedding_id, name)
);

CREATE TABLE billing.budget_items (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    category_id uuid NOT NULL REFERENCES billing.budget_categories ON DELETE CASCADE,
    vendor_id uuid REFERENCES public.vendors ON DELETE SET NULL,
    description text NOT NULL,
    cost numeric NOT NULL,
    paid boolean NOT NULL DEFAULT false
);

CREATE TABLE billing.invoices (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number bigserial UNIQUE,
    wedding_id uuid NOT NULL REFERENCES public.weddings,
    vendor_id uuid NOT NULL REFERENCES public.vendors,
    booking_id uuid REFERENCES public.bookings ON DELETE SET NULL,
    status billing.invoice_status NOT NULL DEFAULT 'draft',
    currency_code character(3) NOT NULL REFERENCES public.currencies,
    total numeric(14, 2) NOT NULL,
    due_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE billing.invoice_lines (
    invoice_id uuid NOT NULL REFERENCES billing.invoices ON DELETE CASCADE,
    line smallint NOT NULL,
    description text NOT NULL,
    quantity numeric NOT NULL,
    unit_price numeric(14, 4) NOT NULL,
    amount numeric GENERATED ALWAYS AS (quantity * unit_price) STORED,
    PRIMARY KEY (invoice_id, line)
);

CREATE TABLE billing.payments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    invoice_id uuid NOT NULL REFERENCES billing.invoices,
    currency_code character(3) NOT NULL,
    rate_day date,
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    method billing.payment_method NOT NULL,
    reference text,
    provider_response jsonb,
    paid_at timestamptz,
    FOREIGN KEY (currency_code, rate_day) REFERENCES billing.exchange_rates
);

CREATE TABLE billing.refunds (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    payment_id uuid NOT NULL REFERENCES billing.payments,
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    reason text,
    refunded_at timestamptz NOT NULL
);
