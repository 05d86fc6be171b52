-- What is computed from tables: never backed up, refreshed after a restore.

CREATE VIEW public.wedding_overview AS
SELECT w.id, w.number, w.title, w.wedding_date, c.partner_one, c.partner_two, v.name AS venue,
       (SELECT count(*) FROM public.guests g WHERE g.wedding_id = w.id) AS guests,
       (SELECT count(*) FROM public.guests g JOIN public.rsvps r ON r.guest_id = g.id
        WHERE g.wedding_id = w.id AND r.status = 'attending') AS attending
FROM public.weddings w
LEFT JOIN public.clients c ON c.id = w.client_id
LEFT JOIN public.venues v ON v.id = w.venue_id;

CREATE MATERIALIZED VIEW public.vendor_ratings AS
SELECT v.id AS vendor_id, count(r.id) AS reviews, avg(r.stars) AS stars
FROM public.vendors v LEFT JOIN public.vendor_reviews r ON r.vendor_id = v.id
GROUP BY v.id;

CREATE UNIQUE INDEX ON public.vendor_ratings (vendor_id);
