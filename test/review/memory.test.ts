import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import type { Access } from "../../src/transport/request.ts";
import { type TokenRequest, Tokens } from "../../src/transport/token.ts";
import { ManualClock } from "../support/clock.ts";

const never = new AbortController().signal;

test("VerdictCache bounds what its reports hold together, not only how many there are", async () => {
  const cache = new VerdictCache({ clock: new ManualClock() });
  const reason = "x".repeat(1024 * 1024);
  const report: Report = {
    image: "app",
    verdict: { outcome: "allow", reasons: [reason] },
    complete: true,
    stores: [],
    summary: "",
    policies: [],
    artifacts: [],
    viewRevision: "r1",
    durationMs: 1,
  };
  let runs = 0;
  const ask = (key: number): Promise<Report> =>
    cache.run(
      { key: String(key), hosts: [], isTenant: false },
      () => {
        runs += 1;
        return Promise.resolve(report);
      },
      never,
    );
  for (let key = 0; key < 80; key += 1) await ask(key);
  assert.equal(runs, 80);
  await ask(79);
  assert.equal(runs, 80, "the youngest is remembered");
  await ask(0);
  assert.equal(runs, 81, "the oldest has made room");
});

test("Tokens bounds what its tokens hold together, whatever a token service answers", async () => {
  let asked = 0;
  const body = Buffer.from(JSON.stringify({ token: "t".repeat(60_000), expires_in: 86_400 }));
  const tokens = new Tokens({
    clock: new ManualClock(),
    send: () => {
      asked += 1;
      return Promise.resolve({ status: 200, headers: new Map(), challenges: [], body, latencyMs: 1 });
    },
  });
  const origin = "https://evil.example";
  const access: Access = { origin, credentials: [], tokenHosts: [], identity: "anonymous", reach: "public" };
  const realm = new URL(`${origin}/token`);
  const scheme = { kind: "bearer", realm, service: undefined, sameOrigin: true, declared: false } as const;
  const request = (at: number): TokenRequest => ({ scheme, access, credential: undefined, repository: [`r${at}`] });
  for (let at = 0; at < 400; at += 1) await tokens.authorize(request(at), never);
  assert.equal(asked, 400);
  await tokens.authorize(request(399), never);
  assert.equal(asked, 400, "the youngest is remembered");
  await tokens.authorize(request(0), never);
  assert.equal(asked, 401, "the oldest has made room");
});
