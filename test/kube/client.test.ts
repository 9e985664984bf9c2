import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { test, type TestContext } from "node:test";
import { createKubeClient } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/kube-error.ts";
import { createAuthority, loopback } from "../support/certificates.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi, type FakeKubeApiOptions } from "../support/kube-api.ts";
import { eventually, statusBody } from "../support/kube-wire.ts";
import { clientOf, RecordingLogger, RecordingMetrics, temporaryFile, widgets } from "./fixture.ts";

const signal = AbortSignal.timeout(30_000);
const get = { method: "GET", path: "/apis/example.com/v1/widgets/a" } as const;

async function serve(t: TestContext, options: Partial<FakeKubeApiOptions> = {}): Promise<FakeKubeApi> {
  const api = await FakeKubeApi.start({ resources: [widgets], ...options });
  t.after(() => api.close());
  api.put("widgets", { metadata: { name: "a" } });
  return api;
}

test("KubeClient.request() sends what it is told, under our name, and reads JSON", async (t) => {
  const api = await serve(t);
  const metrics = new RecordingMetrics();
  const client = await clientOf(api, { clock: new ManualClock(), metrics });
  const answer = await client.request({ ...get, query: { pretty: "a b&c" } }, signal);
  assert.equal(answer.status, 200);
  assert.equal((answer.body as { kind: string }).kind, "Widget");
  const [request] = api.requests;
  assert.deepEqual(
    [request?.query, request?.headers["user-agent"], request?.headers.accept],
    [{ pretty: "a b&c" }, "countersign/test", "application/json"],
  );
  assert.equal(metrics.values.get(`rest_client_requests_total{code=200,method=GET,host=127.0.0.1:${api.port}}`), 1);
  assert.deepEqual([client.server, client.namespace], [api.url, "here"]);
  client.close();
});

test("KubeClient.request() keeps a connection, over TLS too", async (t) => {
  const authority = createAuthority();
  const api = await serve(t, { certificate: authority.issue(loopback) });
  const caData = Buffer.from(authority.pem).toString("base64");
  using file = temporaryFile("kubeconfig", api.kubeconfig({}, { "certificate-authority-data": caData }));
  const client = await clientOf(api, { clock: new ManualClock(), config: { kubeconfigPath: file.path } });
  for (let count = 0; count < 20; count += 1) await client.request(get, signal);
  assert.equal(api.connections, 1);
  client.close();
});

test("KubeClient.request() does not speak to a server whose certificate it does not know", async (t) => {
  const api = await serve(t, { certificate: createAuthority().issue(loopback) });
  using file = temporaryFile(
    "kubeconfig",
    api.kubeconfig(
      { token: "canary-token-canary-token-canary-token" },
      { "certificate-authority-data": Buffer.from(createAuthority().pem).toString("base64") },
    ),
  );
  const client = await clientOf(api, { clock: new ManualClock(), config: { kubeconfigPath: file.path } });
  await assert.rejects(client.request(get, signal), { code: "KUBE_UNREACHABLE" });
  assert.equal(api.requests.length, 0);
  client.close();
});

for (const row of [
  {
    name: "429 as text with Retry-After",
    fault: { status: 429, headers: { "retry-after": "2" }, body: "Too many requests" },
    pauseMs: 2000,
  },
  { name: "503 with Retry-After", fault: { status: 503, headers: { "retry-after": "1" } }, pauseMs: 1000 },
  {
    name: "504 with retryAfterSeconds in its Status",
    fault: { status: 504, body: statusBody(504, "Timeout", "t", { retryAfterSeconds: 3 }) },
    pauseMs: 3000,
  },
]) {
  test(`KubeClient.request() tries again after ${row.name}, when told to`, async (t) => {
    const api = await serve(t);
    const clock = new ManualClock();
    const client = await clientOf(api, { clock });
    api.fail("get", row.fault);
    const answer = client.request(get, signal);
    await eventually(() => api.requests.length === 1 && clock.pending === 2);
    await clock.advance(row.pauseMs - 1);
    assert.equal(api.requests.length, 1);
    await clock.advance(1);
    assert.equal((await answer).status, 200);
    client.close();
  });
}

test("KubeClient.request() tries ten times more and no oftener", async (t) => {
  const api = await serve(t);
  const clock = new ManualClock();
  const client = await clientOf(api, { clock });
  api.fail("get", ...Array.from({ length: 12 }, () => ({ status: 429, headers: { "retry-after": "1" } })));
  const answer = assert.rejects(client.request(get, signal), { code: "KUBE_REFUSED", status: 429, retryAfterMs: 1000 });
  for (let count = 1; count <= 10; count += 1) {
    await eventually(() => api.requests.length === count && clock.pending === 2);
    await clock.advance(1000);
  }
  await answer;
  assert.equal(api.requests.length, 11);
  client.close();
});

for (const row of [
  { name: "503 without Retry-After", fault: { status: 503 }, expected: { code: "KUBE_REFUSED", status: 503, remedy: "retry" } },
  {
    name: "a Retry-After beyond the deadline",
    fault: { status: 429, headers: { "retry-after": "3600" } },
    expected: { status: 429, retryAfterMs: 600_000 },
  },
  { name: "409", fault: { status: 409, body: statusBody(409, "Conflict") }, expected: { status: 409, reason: "Conflict" } },
  {
    name: "a redirect",
    fault: { status: 307, headers: { location: "https://elsewhere.example/" } },
    expected: { code: "KUBE_REFUSED", status: 307 },
  },
  { name: "a cut connection", fault: { cut: true } as const, expected: { code: "KUBE_UNREACHABLE", networkCode: "ECONNRESET" } },
  { name: "something that is not JSON", fault: { bytes: "<html>" }, expected: { code: "KUBE_PROTOCOL_VIOLATION" } },
  { name: "too long an answer", fault: { bytes: `"${"x".repeat(200_000)}"` }, expected: { code: "KUBE_LIMIT_EXCEEDED" } },
]) {
  test(`KubeClient.request() reports ${row.name} and does not repeat itself`, async (t) => {
    const api = await serve(t);
    const client = await clientOf(api, { clock: new ManualClock() });
    api.fail("get", row.fault);
    await assert.rejects(client.request({ ...get, maxBytes: 100_000 }, signal), row.expected);
    assert.equal(api.requests.length, 1);
    client.close();
  });
}

test("KubeClient.request() ends with the caller's reason, and with KUBE_TIMEOUT at its own deadline", async (t) => {
  const api = await serve(t);
  const clock = new ManualClock();
  const client = await clientOf(api, { clock });
  api.fail("get", { hang: true }, { hang: true });
  const controller = new AbortController();
  const aborted = assert.rejects(client.request(get, controller.signal), { message: "enough" });
  await eventually(() => api.requests.length === 1);
  controller.abort(new DOMException("enough", "AbortError"));
  await aborted;
  const late = assert.rejects(client.request({ ...get, timeoutMs: 5000 }, signal), { code: "KUBE_TIMEOUT" });
  await eventually(() => api.requests.length === 2);
  await clock.advance(5000);
  await late;
  assert.equal(clock.pending, 0);
  client.close();
});

test("KubeClient.stream() ends when nobody answers, and when the stream falls silent", async (t) => {
  const api = await serve(t);
  const clock = new ManualClock();
  const client = await clientOf(api, { clock });
  api.fail("watch", { hang: true });
  const request = {
    path: "/apis/example.com/v1/widgets",
    query: { watch: "1", resourceVersion: api.revision },
    timeoutMs: 3000,
    idleMs: () => 1000,
  };
  const unanswered = assert.rejects(client.stream(request, signal), { code: "KUBE_TIMEOUT" });
  await eventually(() => api.requests.length === 1);
  await clock.advance(3000);
  await unanswered;
  const chunks = await client.stream(request, signal);
  const silent = assert.rejects(chunks.next(), { code: "KUBE_TIMEOUT" });
  await clock.settle();
  await clock.advance(1000);
  await silent;
  await eventually(() => api.watches[0]?.isOpen === false, "the connection is destroyed");
  assert.equal(clock.pending, 0);
  client.close();
});

test("KubeClient.stream() asks nothing for a signal that has aborted already", async (t) => {
  const api = await serve(t);
  const client = await clientOf(api, { clock: new ManualClock() });
  const request = { path: "/apis/example.com/v1/widgets", query: { watch: "1" }, idleMs: () => 1000 };
  await assert.rejects(client.stream(request, AbortSignal.abort(new DOMException("enough", "AbortError"))), { message: "enough" });
  assert.equal(api.requests.length, 0);
  client.close();
});

test("KubeClient.stream() destroys the connection when its reader leaves, and when the signal aborts", async (t) => {
  const api = await serve(t);
  const client = await clientOf(api, { clock: new ManualClock() });
  const request = { path: "/apis/example.com/v1/widgets", query: { watch: "1", sendInitialEvents: "true" }, idleMs: () => 1000 };
  for await (const chunk of await client.stream(request, new AbortController().signal)) {
    assert.ok(chunk.length > 0);
    break;
  }
  await eventually(() => api.watches[0]?.isOpen === false);
  const controller = new AbortController();
  const chunks = await client.stream(request, controller.signal);
  controller.abort(new DOMException("enough", "AbortError"));
  await assert.rejects(
    async () => {
      for await (const _ of chunks);
    },
    { message: "enough" },
  );
  await eventually(() => api.watches[1]?.isOpen === false);
  client.close();
});

test("KubeClient reads refused credentials again, once in ten seconds, and shows them nowhere", async (t) => {
  const tokens = new Set(["canary-old"]);
  const api = await serve(t, { tokens });
  using file = temporaryFile("kubeconfig", api.kubeconfig({ token: "canary-old" }));
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const client = await clientOf(api, { clock, logger, config: { kubeconfigPath: file.path } });
  await client.request(get, signal);
  tokens.clear();
  tokens.add("canary-new");
  writeFileSync(file.path, api.kubeconfig({ token: "canary-new" }));
  assert.equal((await client.request(get, signal)).status, 200);
  assert.deepEqual(
    api.requests.map(({ headers }) => headers.authorization),
    ["Bearer canary-old", "Bearer canary-old", "Bearer canary-new"],
  );
  tokens.clear();
  const error = await client.request(get, signal).catch((refused: unknown) => refused);
  assert.ok(error instanceof KubeError && error.status === 401);
  assert.equal(api.requests.length, 4, "not again within ten seconds");
  assert.doesNotMatch(`${inspect(error, { depth: 9 })}${JSON.stringify(logger.lines)}${inspect(client, { depth: 9 })}`, /canary/);
  client.close();
});

test("KubeClient runs under a pod's service account, and follows its token when that is rotated", async (t) => {
  const authority = createAuthority();
  const tokens = new Set(["pod-token-1"]);
  const api = await serve(t, { certificate: authority.issue(loopback), tokens });
  using root = temporaryFile("unused", "");
  const folder = `${root.directory}/var/run/secrets/kubernetes.io/serviceaccount`;
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of [
    ["ca.crt", authority.pem],
    ["namespace", "operators\n"],
    ["token", "pod-token-1\n"],
  ] as const)
    writeFileSync(`${folder}/${name}`, content);
  const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(api.port) };
  const before = { ...process.env };
  t.after(() => (process.env = before));
  Object.assign(process.env, env);
  const client = await clientOf(api, { clock: new ManualClock(), config: { inCluster: true, rootDirectory: root.directory } });
  assert.deepEqual([client.server, client.namespace, (await client.request(get, signal)).status], [api.url, "operators", 200]);
  tokens.clear();
  tokens.add("pod-token-2");
  writeFileSync(`${folder}/token`, "pod-token-2\n");
  assert.equal((await client.request(get, signal)).status, 200, "refused once, read again, let in");
  client.close();
});

test("KubeClient follows a kubeconfig user's tokenFile, which may end with a line feed", async (t) => {
  const api = await serve(t, { tokens: new Set(["from-file"]) });
  using file = temporaryFile("kubeconfig", api.kubeconfig({ tokenFile: "token", token: "stale" }));
  writeFileSync(`${file.directory}/token`, "from-file\n");
  const client = await clientOf(api, { clock: new ManualClock(), config: { kubeconfigPath: file.path } });
  assert.equal((await client.request(get, signal)).status, 200);
  client.close();
});

test("KubeClient runs a kubeconfig user's exec plug-in, and says why it failed without what may be a token", async (t) => {
  const api = await serve(t, { tokens: new Set(["from-plug-in"]) });
  const credential = JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: "from-plug-in" },
  });
  const working = await clientOf(api, { clock: new ManualClock(), user: { exec: { command: "printf", args: ["%s", credential] } } });
  assert.equal((await working.request(get, signal)).status, 200);
  const script = "echo session expired for abcdefghijklmnopqrstuvwxyz0123456789ABCDEF >&2; exit 1";
  const failing = await clientOf(api, { clock: new ManualClock(), user: { exec: { command: "sh", args: ["-c", script] } } });
  await assert.rejects(failing.request(get, signal), {
    code: "KUBE_CREDENTIALS_UNAVAILABLE",
    message: `Cannot get credentials for ${api.url}: session expired for [redacted]`,
  });
  const babbling = await clientOf(api, { clock: new ManualClock(), user: { exec: { command: "echo", args: ["canary"] } } });
  await assert.rejects(babbling.request(get, signal), {
    message: `Cannot get credentials for ${api.url}: not the YAML or JSON that was expected`,
  });
});

test("KubeClient gives up on an exec plug-in that hangs", async (t) => {
  const api = await serve(t);
  const clock = new ManualClock();
  const client = await clientOf(api, { clock, user: { exec: { command: "sleep", args: ["2"] } } });
  const late = assert.rejects(client.request({ ...get, timeoutMs: 1000 }, signal), { code: "KUBE_TIMEOUT" });
  await clock.advance(1000);
  await late;
});

for (const row of [
  { name: "is missing", content: undefined, message: /ENOENT/ },
  { name: "is no YAML", content: "users: [token: canary", message: /not the YAML or JSON that was expected/ },
  {
    name: "has no current context",
    content: "{apiVersion: v1, kind: Config, clusters: [], users: [], contexts: []}",
    message: /names no server/,
  },
]) {
  test(`createKubeClient() refuses a kubeconfig that ${row.name}, without quoting it`, async () => {
    using file = temporaryFile("kubeconfig", row.content ?? "");
    const config = { kubeconfigPath: row.content === undefined ? `${file.path}-missing` : file.path };
    const options = {
      config,
      clock: new ManualClock(),
      logger: new RecordingLogger(),
      metrics: new RecordingMetrics(),
      userAgent: "t",
      random: () => 0,
    };
    const error = await createKubeClient(options).catch((refused: unknown) => refused);
    assert.ok(error instanceof KubeError);
    assert.deepEqual([error.code, error.remedy], ["KUBE_CONFIG_INVALID", "fix-configuration"]);
    assert.match(error.message, row.message);
    assert.doesNotMatch(inspect(error), /canary/);
  });
}

test("createKubeClient() reads several kubeconfigs as KUBECONFIG names them: the first to say so names the context", async (t) => {
  const api = await serve(t);
  using users = temporaryFile("users", "{apiVersion: v1, kind: Config, users: [{name: other, user: {token: t}}]}");
  using first = temporaryFile("first", api.kubeconfig());
  const config = { kubeconfigPath: `${users.path}:${users.path}-missing:${first.path}`, namespace: "chosen" };
  const client = await clientOf(api, { clock: new ManualClock(), config });
  assert.deepEqual([client.server, client.namespace, (await client.request(get, signal)).status], [api.url, "chosen", 200]);
  client.close();
});
