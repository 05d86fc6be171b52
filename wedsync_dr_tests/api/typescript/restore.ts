// A restore from its plan to its end: one person asks, another approves, the first one carries it out and follows it.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [url, operator, approver, backupId] = process.argv.slice(2);
if (!url || !operator || !approver || !backupId) throw new Error("usage: restore URL OPERATOR APPROVER BACKUP");

const as = (token: string) => createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const path = "/api/recovery/restore";

const planned = await as(operator).POST(path, { body: { backupId, reason: "guests were imported twice" } });
if (!planned.data) throw new Error(planned.error.remedy);
const restoreId = planned.data.restoreId;
const params = { path: { restore_id: restoreId } };

const own = await as(operator).POST(`${path}/{restore_id}/approve`, { params });
const approved = await as(approver).POST(`${path}/{restore_id}/approve`, { params });
if (!approved.data) throw new Error(approved.error.remedy);
const started = await as(operator).POST(`${path}/{restore_id}/apply`, { params, body: {} });
if (!started.data) throw new Error(started.error.remedy);

let status = "";
let verified: boolean | null | undefined;
while (!["COMPLETED", "FAILED", "CANCELLED"].includes(status)) {
  await new Promise((later) => setTimeout(later, 200));
  const seen = await as(operator).GET(path, { params: { query: { restoreId } } });
  const restore = seen.data?.restore;
  if (!restore) throw new Error("the restore is not told");
  status = restore.status;
  verified = restore.result?.verified;
}

console.log(JSON.stringify({ own: own.error?.status, status, verified, tables: planned.data.affectedTables }));
