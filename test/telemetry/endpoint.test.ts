import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import type { LogFields, Logger } from "../../src/kernel/logger.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { type Check, Endpoint, TelemetryError } from "../../src/telemetry/endpoint.ts";
import { send } from "../support/real/http.ts";

const good: Check = { name: "good", failure: () => undefined };
const bad: Check = { name: "caches", failure: () => "Store is not listed yet" };
const signal = AbortSignal.timeout(30_000);

async function serve(
  t: TestContext,
  checks: { readonly health?: readonly Check[]; readonly readiness?: readonly Check[]; readonly logger?: Logger } = {},
) {
  const metrics = { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("c_total 1\n") };
  const endpoint = await Endpoint.listen({ port: 0, health: [good], readiness: [good], metrics, logger: silentLogger, ...checks });
  t.after(() => endpoint.close(AbortSignal.abort()));
  const get = async (path: string, method = "GET") => {
    const { status, body, headers } = await send(`http://127.0.0.1:${endpoint.port}${path}`, { method });
    return { status, body: body.toString(), headers };
  };
  return { endpoint, get };
}

for (const row of [
  { name: "health that holds", path: "/healthz", status: 200, body: "ok\n" },
  { name: "health in detail", path: "/healthz?verbose", status: 200, body: "[+]good ok\ncheck passed\n" },
  { name: "readiness in detail", path: "/readyz?verbose=1", status: 200, body: "[+]shutdown ok\n[+]good ok\ncheck passed\n" },
  { name: "metrics", path: "/metrics", status: 200, body: "c_total 1\n" },
  { name: "an unknown path", path: "/", status: 404, body: "not found\n" },
  { name: "a path that only begins alike", path: "/healthzz", status: 404, body: "not found\n" },
  { name: "another method", path: "/healthz", method: "POST", status: 405, body: "method not allowed\n" },
  { name: "a head", path: "/healthz", method: "HEAD", status: 200, body: "" },
]) {
  test(`Endpoint answers ${row.status} for ${row.name}`, async (t) => {
    const { get } = await serve(t);
    const { status, body } = await get(row.path, row.method);
    assert.deepEqual({ status, body }, { status: row.status, body: row.body });
  });
}

test("Endpoint says which check failed and why, and keeps health and readiness apart", async (t) => {
  const { get } = await serve(t, { readiness: [good, bad] });
  const { status, body } = await get("/readyz");
  assert.deepEqual([status, body], [503, "[+]shutdown ok\n[+]good ok\n[-]caches failed: Store is not listed yet\ncheck failed\n"]);
  assert.equal((await get("/healthz")).status, 200);
});

test("Endpoint takes a check that cannot be run for one that failed, and tells the log alone why", async (t) => {
  const lines: LogFields[] = [];
  const broken: Check = {
    name: "broken",
    failure: () => {
      throw new TypeError("canary");
    },
  };
  const { get } = await serve(t, { health: [broken], logger: { ...silentLogger, error: (_, fields = {}) => void lines.push(fields) } });
  const { status, body } = await get("/healthz");
  assert.deepEqual([status, body], [503, "[-]broken failed: could not be run\ncheck failed\n"]);
  assert.deepEqual(
    lines.map((fields) => [fields["check"], (fields["error"] as Error).message]),
    [["broken", "canary"]],
  );
});

test("Endpoint.stopReadiness() fails readiness, and all else is still served, on connections that end", async (t) => {
  const { endpoint, get } = await serve(t);
  endpoint.stopReadiness();
  const ready = await get("/readyz");
  assert.deepEqual([ready.status, ready.body], [503, "[-]shutdown failed: shutting down\n[+]good ok\ncheck failed\n"]);
  const health = await get("/healthz");
  assert.deepEqual([health.status, health.headers.connection], [200, "close"]);
});

test("Endpoint.close() ends the listener, and at its signal the connections too", async (t) => {
  const { endpoint } = await serve(t);
  const socket = connect(endpoint.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /healthz HTTP/1.1\r\n"); // a request that never ends
  await new Promise((resolve) => setImmediate(resolve));
  const closed = new Promise((resolve) => socket.on("error", () => {}).once("close", resolve)); // a reset is what is wanted
  await endpoint.close(AbortSignal.abort());
  await closed;
  await assert.rejects(send(`http://127.0.0.1:${endpoint.port}/healthz`));
});

test("Endpoint refuses headers beyond 8 KiB", async (t) => {
  const { endpoint } = await serve(t);
  const { status } = await send(`http://127.0.0.1:${endpoint.port}/healthz`, { headers: { pad: "x".repeat(10_000) } });
  assert.equal(status, 431);
});

test("Endpoint.listen() says which address it cannot have", async (t) => {
  const { endpoint } = await serve(t);
  const options = {
    port: endpoint.port,
    health: [],
    readiness: [],
    metrics: { contentType: "", text: () => Promise.resolve("") },
    logger: silentLogger,
  };
  await assert.rejects(Endpoint.listen(options), (error) => {
    assert.ok(error instanceof TelemetryError);
    assert.deepEqual(
      [error.code, error.message],
      ["TELEMETRY_LISTEN_FAILED", `Cannot listen on 127.0.0.1:${endpoint.port}: something listens there already (EADDRINUSE)`],
    );
    return true;
  });
  await endpoint.close(signal);
});
