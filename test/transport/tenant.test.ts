import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Access, RegistryRequest } from "../../src/transport/request.ts";
import { foreignRoute, ownRoute } from "../../src/transport/request.ts";
import { Schemes } from "../../src/transport/schemes.ts";
import { type TokenRequest, Tokens } from "../../src/transport/token.ts";
import { ManualClock } from "../support/clock.ts";
import { startRegistry } from "../support/registry.ts";
import { access, basic, canary, get, never, tls, transport } from "./fixture.ts";

const origin = "https://registry.acme.io";
const plain: Access = { origin, credentials: [], tokenHosts: [], identity: "anonymous", reach: "public" };
const team: Access = { ...plain, reach: "tenant", tenant: "team-a" };

describe("what a namespace does in the transport", () => {
  it("leaves the cluster's connections free: one that keeps its own busy is waited for by itself alone", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage("app", { tag: "1" });
    await using wire = transport({ connections: 1 });
    registry.setMode("/stuck/", { kind: "hang" });
    const tenant = access(registry.origin, { tenant: "team-a" });
    const leaving = new AbortController();
    const stuck = wire.send(get(tenant, "stuck", "manifests/1"), leaving.signal);
    stuck.catch(() => {});
    while (registry.requests.length < 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await wire.send(get(access(registry.origin), "app", "manifests/1"), never)).status, 200);
    assert.equal((await wire.send(get(access(registry.origin, { tenant: "team-b" }), "app", "manifests/1"), never)).status, 200);
    leaving.abort(new DOMException("gone", "AbortError"));
    await assert.rejects(stuck);
  });

  it("gets tokens of its own, and its own are not used for others", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "token", users: { alice: canary } } });
    registry.pushImage("app", { tag: "1" });
    await using wire = transport();
    const credentials = [basic(registry.origin)];
    for (const tenant of [undefined, "team-a", "team-b", undefined, "team-a"]) {
      const at = access(registry.origin, { credentials, ...(tenant !== undefined && { tenant }) });
      assert.equal((await wire.send(get(at, "app", "manifests/1"), never)).status, 200);
    }
    assert.equal(registry.requests.filter(({ isToken }) => isToken).length, 3);
  });

  it("pushes out nothing of the cluster's, nor of another namespace, by asking for ever more", async () => {
    let asked = 0;
    const tokens = new Tokens({
      clock: new ManualClock(),
      send: () => {
        asked += 1;
        const body = Buffer.from(JSON.stringify({ token: "t", expires_in: 86_400 }));
        return Promise.resolve({ status: 200, headers: new Map(), challenges: [], body, latencyMs: 1 });
      },
    });
    const scheme = { kind: "bearer", realm: new URL(`${origin}/token`), service: undefined, sameOrigin: true, declared: false } as const;
    const token = (at: Access, repository: string): TokenRequest => ({
      scheme,
      access: at,
      credential: undefined,
      repository: [repository],
    });
    const schemes = new Schemes();
    const request = (at: Access, repository: string): RegistryRequest => get(at, repository, "tags/list");
    const others = [plain, { ...team, tenant: "team-b" }];
    for (const at of others) {
      await tokens.authorize(token(at, "kept"), never);
      schemes.set(request(at, "kept"), { kind: "basic" });
    }
    for (let n = 0; n < 10_000; n += 1) {
      await tokens.authorize(token(team, `r${n}`), never);
      schemes.set(request(team, `r${n}`), { kind: "basic" });
    }
    asked = 0;
    for (const at of others) {
      await tokens.authorize(token(at, "kept"), never);
      assert.deepEqual(schemes.get(request(at, "kept")), { kind: "basic" });
    }
    assert.equal(asked, 0);
  });

  it("is not learnt from, nor does it learn from others", () => {
    const schemes = new Schemes();
    const request = (at: Access): RegistryRequest => get(at, "app", "tags/list");
    schemes.set(request(team), { kind: "basic" });
    assert.deepEqual([schemes.get(request(plain)), schemes.get(request({ ...team, tenant: "team-b" }))], [undefined, undefined]);
    assert.deepEqual(schemes.get(request(team)), { kind: "basic" });
  });

  it("leads to public places only, wherever its own registry may live", () => {
    assert.deepEqual(ownRoute({ ...team, reach: "registry", caPem: "pem" }), { reach: "registry", tenant: "team-a", caPem: "pem" });
    assert.deepEqual(foreignRoute({ ...team, reach: "registry", caPem: "pem" }), { reach: "tenant", tenant: "team-a" });
    assert.deepEqual(foreignRoute({ ...plain, reach: "registry", caPem: "pem" }), { reach: "public" });
  });
});
