-- Schemas, types and the functions that tables and triggers use.

CREATE SCHEMA auth;
CREATE SCHEMA storage;
CREATE SCHEMA billing;

CREATE TYPE public.wedding_status AS ENUM ('planning', 'confirmed', 'completed', 'postponed', 'cancelled');
CREATE TYPE public.guest_side AS ENUM ('partner one', 'partner two', 'both');
CREATE TYPE public.age_group AS ENUM ('adult', 'teenager', 'child', 'infant');
CREATE TYPE public.rsvp_status AS ENUM ('invited', 'attending', 'declined', 'maybe');
CREATE TYPE public.severity AS ENUM ('preference', 'intolerance', 'allergy');
CREATE TYPE public.task_status AS ENUM ('open', 'in progress', 'done', 'dropped');
CREATE TYPE public.booking_status AS ENUM ('enquiry', 'offered', 'booked', 'fulfilled', 'cancelled');
CREATE TYPE public.channel AS ENUM ('email', 'sms', 'app', 'phone');
CREATE TYPE public.vendor_plan AS ENUM ('free', 'starter', 'professional', 'enterprise');
CREATE TYPE billing.invoice_status AS ENUM ('draft', 'sent', 'paid', 'overdue', 'void');
CREATE TYPE billing.payment_method AS ENUM ('card', 'transfer', 'cash', 'wallet');
CREATE TYPE public.postal_address AS (street text, city text, postal_code text, country character(2));

CREATE DOMAIN public.email_address AS text CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$');
CREATE DOMAIN public.time_zone AS text CHECK (VALUE ~ '^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$');
CREATE DOMAIN public.slug AS text CHECK (VALUE ~ '^[a-z0-9]+(-[a-z0-9]+)*$');
CREATE DOMAIN public.color AS text DEFAULT '#ffffff' CHECK (VALUE ~ '^#[0-9a-f]{6}$');
CREATE DOMAIN public.amount AS numeric(12, 2) CHECK (VALUE >= 0);

CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE SET search_path = '' AS
$$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
COMMENT ON FUNCTION auth.uid() IS 'The signed-in user, from the claim that the API sets in its session.';

CREATE FUNCTION public.touch_updated_at() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
