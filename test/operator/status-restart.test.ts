import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../../src/api/error-class.ts";
import type { StoreStatus } from "../../src/api/status.ts";
import type { StoreProbe } from "../../src/engine/store.ts";
import { Prober } from "../../src/health/prober.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { adoptedHealth } from "../../src/operator/status-input.ts";
import { readStatus } from "../../src/operator/status-read.ts";
import { storeStatus } from "../../src/operator/status-store.ts";
import { needsWrite } from "../../src/operator/status-difference.ts";
import { ManualClock } from "../support/clock.ts";

const failures: Record<string, Failure> = {
  "down.io": { class: "ConnectionRefused", message: "down.io:443 refused the connection" },
  "denied.io": { class: "AuthenticationFailed", message: "denied.io rejected the request, sent without a credential" },
};

/** One life of an operator that probes one Store; what it would write is kept, as an API server would. */
async function live(
  clock: ManualClock,
  endpoints: readonly string[],
  before: unknown,
): Promise<{ readonly status: StoreStatus; readonly decisions: readonly unknown[] }> {
  const object = { kind: "Store", metadata: { name: "s", uid: "u", generation: 1 }, spec: {}, status: before };
  const startedAt = clock.now();
  let current = readStatus("Store", before);
  const decisions: unknown[] = [];
  const judge = (): void => {
    const reachability = prober.health("Store/s");
    const status = storeStatus({
      name: "s",
      generation: 1,
      now: clock.now(),
      diagnostics: [],
      programmed: true,
      scopes: [],
      suspend: false,
      hosts: endpoints.map((endpoint) => ({ endpoint, selection: { outcome: "Anonymous", candidates: [] } })),
      providers: new Map(),
      ...(reachability !== undefined && { reachability }),
      ...(current !== undefined && { current }),
    });
    const decision = needsWrite(status, current, { now: clock.now(), startedAt, heartbeatMs: 600_000 });
    decisions.push(typeof decision === "object" ? "later" : decision);
    if (decision === "now") current = status;
  };
  const prober = new Prober({ clock, logger: silentLogger, random: () => 0.5, onChange: judge });
  const probe: StoreProbe = {
    endpoints: () => endpoints,
    probe: (endpoint) => {
      const failure = failures[endpoint];
      return Promise.resolve({
        endpoint,
        source: "probe",
        time: clock.now(),
        latencyMs: clock.now() % 97,
        ...(failure !== undefined && { failure }),
      });
    },
  };
  const stop = new AbortController();
  const running = prober.run(stop.signal);
  prober.sync([
    {
      key: "Store/s",
      uid: "u",
      generation: 1,
      revision: String(startedAt),
      intervalMs: 300_000,
      failureThreshold: 3,
      suspend: false,
      probe,
      adopted: adoptedHealth(object),
    },
  ]);
  judge();
  await clock.advance(100);
  stop.abort(new DOMException("restart", "AbortError"));
  await running;
  assert.ok(current !== undefined);
  return { status: current, decisions };
}

for (const endpoints of [["up.io"], ["down.io"], ["denied.io", "up.io"], ["denied.io", "down.io", "up.io"], []]) {
  test(`a restart with nothing changed writes nothing after one probe of ${endpoints.join(" and ") || "no host"}`, async () => {
    const clock = new ManualClock();
    const first = await live(clock, endpoints, undefined);
    assert.ok(first.decisions.includes("now"));
    await clock.advance(3_600_000);
    const second = await live(clock, endpoints, JSON.parse(JSON.stringify(first.status)));
    assert.deepEqual(
      second.decisions.filter((decision) => decision === "now" || decision === "heartbeat-due"),
      [],
    );
    assert.equal(second.decisions.length, 1 + endpoints.length);
  });
}
