-- Row-level security as the platform uses it: a reader without the right claim sees nothing, and no error.

CREATE FUNCTION public.is_my_wedding(wedding uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT FROM public.weddings w LEFT JOIN public.clients c ON c.id = w.client_id
        WHERE w.id = wedding AND auth.uid() IN (c.user_id, w.planner_id)
    )
$$;

CREATE FUNCTION public.is_my_organization(organization uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT FROM public.team_members m WHERE m.organization_id = organization AND m.profile_id = auth.uid()
    )
$$;

DO $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY[
        'public.households', 'public.guests', 'public.seating_tables', 'public.song_requests', 'public.gifts', 'public."Guestbook"',
        'public.wedding_websites', 'public.wedding_connections', 'public.timeline_events', 'public.tasks', 'public.bookings',
        'public.contracts', 'public.documents', 'public.photos', 'public.albums', 'public.conversations', 'public.form_responses',
        'public.activity_feed', 'public.email_outbox', 'billing.budget_categories', 'billing.invoices']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
        EXECUTE format('CREATE POLICY couple_and_planner ON %s USING (public.is_my_wedding(wedding_id))', relation);
    END LOOP;
    FOREACH relation IN ARRAY ARRAY['public.clients', 'public.team_members', 'billing.subscriptions'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
        EXECUTE format('CREATE POLICY members ON %s USING (public.is_my_organization(organization_id))', relation);
    END LOOP;
    -- protected, and without a policy: nobody but the owner and BYPASSRLS sees a row
    FOREACH relation IN ARRAY ARRAY['auth.users', 'auth.identities', 'auth.sessions', 'public.http_sessions', 'public.audit_log',
                                    'billing.payouts', 'billing.refunds'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    END LOOP;
END $$;

ALTER TABLE public.weddings ENABLE ROW LEVEL SECURITY;
CREATE POLICY couple_and_planner ON public.weddings USING (public.is_my_wedding(id));

ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_profile ON public.profiles USING (id = auth.uid());

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_visible_conversation ON public.messages
    USING (EXISTS (SELECT FROM public.conversations c WHERE c.id = conversation_id));

ALTER TABLE public.rsvps ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_visible_guest ON public.rsvps USING (EXISTS (SELECT FROM public.guests g WHERE g.id = guest_id));

ALTER TABLE billing.payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_visible_invoice ON billing.payments
    USING (EXISTS (SELECT FROM billing.invoices i WHERE i.id = invoice_id));

ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_or_public ON storage.objects
    USING (owner = auth.uid() OR bucket_id IN (SELECT b.id FROM storage.buckets b WHERE b.public));

ALTER TABLE public.vendor_reviews ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON public.vendor_reviews FOR SELECT USING (published_at <= now());
