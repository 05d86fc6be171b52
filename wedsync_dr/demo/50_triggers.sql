-- What happens by itself when rows change: the reason why a restore must not fire triggers.

CREATE FUNCTION public.write_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
    INSERT INTO public.audit_log (relation, row_key, action, actor, changed)
    VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, coalesce(after, before) ->> 'id', TG_OP, auth.uid(),
            ARRAY(SELECT key FROM jsonb_each(after) WHERE before -> key IS DISTINCT FROM value ORDER BY key));
    RETURN NULL;
END $$;

CREATE FUNCTION public.mail_rsvp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.email_outbox (wedding_id, template, recipient, payload)
    SELECT g.wedding_id, 'rsvp-thanks', g.email, jsonb_build_object('status', NEW.status)
    FROM public.guests g WHERE g.id = NEW.guest_id AND g.email IS NOT NULL AND NEW.status <> 'invited';
    RETURN NEW;
END $$;

CREATE FUNCTION public.mail_booking() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.email_outbox (wedding_id, template, recipient, payload)
    SELECT NEW.wedding_id, 'booking-news', v.email, jsonb_build_object('booking', NEW.id, 'status', NEW.status)
    FROM public.vendors v WHERE v.id = NEW.vendor_id AND v.email IS NOT NULL;
    RETURN NEW;
END $$;

CREATE FUNCTION public.refuse_early_review() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF EXISTS (SELECT FROM public.weddings w WHERE w.id = NEW.wedding_id AND w.wedding_date >= current_date) THEN
        RAISE EXCEPTION 'a vendor is reviewed after the wedding';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.add_spending() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    UPDATE billing.budget_categories SET spent = spent + greatest(NEW.cost, 0) WHERE id = NEW.category_id;
    RETURN NEW;
END $$;

CREATE TRIGGER mail_rsvp AFTER INSERT OR UPDATE OF status ON public.rsvps FOR EACH ROW EXECUTE FUNCTION public.mail_rsvp();
CREATE TRIGGER mail_booking AFTER INSERT OR UPDATE OF status ON public.bookings FOR EACH ROW EXECUTE FUNCTION public.mail_booking();
CREATE TRIGGER refuse_early BEFORE INSERT ON public.vendor_reviews FOR EACH ROW EXECUTE FUNCTION public.refuse_early_review();
CREATE TRIGGER add_spending AFTER INSERT ON billing.budget_items FOR EACH ROW EXECUTE FUNCTION public.add_spending();

DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT attrelid FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE attname = 'updated_at' AND relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'auth', 'billing')
    LOOP
        EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at()', relation);
    END LOOP;
    FOREACH relation IN ARRAY ARRAY['public.weddings', 'public.clients', 'public.guests', 'public.rsvps', 'public.bookings',
                                    'public.contracts', 'billing.invoices', 'billing.payments']::regclass[]
    LOOP
        EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %s '
                       'FOR EACH ROW EXECUTE FUNCTION public.write_audit()', relation);
    END LOOP;
END $$;
