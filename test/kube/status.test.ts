import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRetryAfter, quotable, refusal } from "../../src/kube/status.ts";
import { statusBody } from "../support/kube-wire.ts";

const now = Date.UTC(2026, 0, 1);

for (const row of [
  { header: undefined, ms: undefined },
  { header: "0", ms: 0 },
  { header: " 7 ", ms: 7000 },
  { header: "3600", ms: 600_000 },
  { header: "99999999999999", ms: undefined },
  { header: "-1", ms: undefined },
  { header: "1.5", ms: undefined },
  { header: "soon", ms: undefined },
  { header: "Thu, 01 Jan 2026 00:00:30 GMT", ms: 30_000 },
  { header: "Wed, 31 Dec 2025 00:00:00 GMT", ms: 0 },
  { header: "Fri, 01 Jan 2027 00:00:00 GMT", ms: 600_000 },
]) {
  test(`parseRetryAfter() makes ${row.ms} ms of ${JSON.stringify(row.header)}`, () => {
    assert.equal(parseRetryAfter(row.header, now), row.ms);
  });
}

test("refusal() quotes the server on one line and within bounds, and keeps what can be decided on", () => {
  const body = statusBody(403, "Forbidden", `no\u0007\n${"x".repeat(300)}`, { causes: [{ reason: "One" }, null, { reason: 7 }] });
  const error = refusal("GET /a", { status: 403, headers: { "retry-after": "2" }, body }, now);
  assert.equal(error.message, `GET /a was answered with 403 Forbidden: no ${"x".repeat(252)}…`);
  assert.deepEqual(
    [error.status, error.reason, error.causes, error.retryAfterMs, error.remedy],
    [403, "Forbidden", ["One"], 2000, "retry"],
  );
});

for (const body of [undefined, null, [], "text", { details: null }, { details: { causes: {} }, message: 7 }]) {
  test(`refusal() does without a readable Status: ${JSON.stringify(body)}`, () => {
    assert.equal(refusal("GET /a", { status: 500, body }, now).message, "GET /a was answered with 500");
  });
}

test("quotable() leaves a short line as it is", () => {
  assert.equal(quotable("as it is"), "as it is");
});
