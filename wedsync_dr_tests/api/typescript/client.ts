// What the platform's back end does with the API, with types that are generated from its document.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [url, token, wedding, foreign] = process.argv.slice(2);
if (!url || !token || !wedding || !foreign) throw new Error("usage: client URL TOKEN WEDDING FOREIGN");

const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

const status = await api.GET("/api/backup/status", { params: { query: { weddingId: wedding } } });
if (!status.data) throw new Error(status.error.remedy);

const ids: string[] = [];
let cursor: string | null = null;
do {
  const query: { limit: number; cursor?: string } = cursor ? { limit: 2, cursor } : { limit: 2 };
  const page: Awaited<ReturnType<typeof list>> = await list(query);
  if (!page.data) throw new Error(page.error.remedy);
  ids.push(...page.data.snapshots.map((one) => one.backupId));
  cursor = page.data.nextCursor;
} while (cursor);

function list(query: { limit: number; cursor?: string }) {
  return api.GET("/api/backup/snapshots", { params: { query } });
}

const backupId = ids.find((one) => one.startsWith(`wedding:${wedding}:`));
if (!backupId) throw new Error("the wedding has no snapshot");
const done = await api.POST("/api/backup/validation", { body: { backupId, validationType: "FULL" } });
if (!done.data) throw new Error(done.error.remedy);

const take = () =>
  api.POST("/api/backup/manual", {
    params: { header: { "idempotency-key": "client-0001" } },
    body: { weddingId: wedding, includeVendorData: true },
  });
const asked = await take();
if (!asked.data) throw new Error(asked.error.remedy);
const again = await take();
const job = await api.GET("/api/jobs/{job_id}", { params: { path: { job_id: asked.data.backupId } } });
if (!job.data) throw new Error(job.error.remedy);

const refused = await api.GET("/api/backup/status", { params: { query: { weddingId: foreign } } });

console.log(
  JSON.stringify({
    verdict: status.data.verdict,
    tiers: status.data.tiers.length,
    ids,
    isValid: done.data.validation.isValid,
    snapshot: [asked.data.backupId === again.data?.backupId, job.data.job.kind, job.data.job.status],
    refused: refused.error?.status,
    requestId: refused.error?.requestId,
  }),
);
