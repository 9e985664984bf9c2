import { type Situation, type Situations, thrown } from "./situation.ts";
import { applyManifests } from "../../src/kube/apply-manifests.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createKubeClient } from "../../src/kube/client.ts";
import { readLines } from "../../src/kube/lines.ts";
import { listObjects } from "../../src/kube/list.ts";
import { takeObject } from "../../src/kube/object.ts";
import { Reflector } from "../../src/kube/reflector.ts";
import { declareReflectorMetrics } from "../../src/kube/reflector-metrics.ts";
import { applyStatus } from "../../src/kube/status-apply.ts";
import { decodeEvent } from "../../src/kube/watch.ts";
import { printed } from "./situation.ts";
import { clientOf, RecordingLogger, RecordingMetrics, temporaryFile, widgets } from "../kube/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { type Fault, statusBody } from "../support/kube-wire.ts";

const crds = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", kind: "CustomResourceDefinition" };
const signal = new AbortController().signal;
const path = "/apis/example.com/v1/widgets";

interface Scene {
  readonly api: FakeKubeApi;
  readonly client: KubeClient;
  readonly clock: ManualClock;
}

/** What is said of an exchange with a server that does not behave; time runs as fast as it can. */
async function exchanged(
  work: (scene: Scene) => Promise<unknown>,
  {
    faults = {},
    user,
  }: { readonly faults?: Readonly<Record<string, Fault | readonly Fault[]>>; readonly user?: Record<string, unknown> } = {},
): Promise<string> {
  await using api = await FakeKubeApi.start({ resources: [widgets, crds] });
  for (let at = 0; at < 3; at += 1) api.put("widgets", { metadata: { name: `w${at}` } });
  for (const [verb, fault] of Object.entries(faults)) api.fail(verb as Parameters<FakeKubeApi["fail"]>[0], ...[fault].flat());
  const clock = new ManualClock();
  const client = await clientOf(api, { clock, ...(user !== undefined && { user }) });
  const ended = new AbortController();
  try {
    const said = thrown(() => work({ api, client, clock })).finally(() => ended.abort());
    while (!ended.signal.aborted) await clock.advance(100);
    return await said;
  } finally {
    client.close();
  }
}

const get = (when: string, fault: Fault, more: { readonly maxBytes?: number; readonly timeoutMs?: number } = {}): Situation => ({
  when,
  says: () =>
    exchanged(({ client }) => client.request({ method: "GET", path: `${path}/w0`, retries: 0, ...more }, signal), {
      faults: { get: fault },
    }),
});
const list = (when: string, fault: Fault | readonly Fault[], maxObjects = 1000): Situation => ({
  when,
  says: () =>
    exchanged(({ client }) => listObjects(client, { collection: { resource: widgets }, maxObjects }, signal), { faults: { list: fault } }),
});
const line = (when: string, text: string): Situation => ({ when, says: () => thrown(() => decodeEvent(text)) });
const apply = (when: string, object: object, options: { readonly timeoutMs?: number } = {}): Situation => ({
  when,
  says: () =>
    exchanged(({ client, clock }) =>
      applyManifests([object], { client, clock, fieldManager: "installer", timeoutMs: 300, ...options }, signal),
    ),
});
const body = (content: object): Fault => ({ status: 200, body: content });
const circle = body({ items: [], metadata: { resourceVersion: "5", continue: "again" } });

async function configured(content: string): Promise<string> {
  using file = temporaryFile("kubeconfig", content);
  const common = { clock: new ManualClock(), logger: new RecordingLogger(), metrics: new RecordingMetrics() };
  return await thrown(() => createKubeClient({ ...common, config: { kubeconfigPath: file.path }, userAgent: "t", random: () => 0 }));
}

async function* streamed(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield await Promise.resolve(bytes);
}
const stream = (when: string, bytes: string | Uint8Array): Situation => ({
  when,
  says: () =>
    thrown(async () => {
      for await (const _ of readLines(streamed(Buffer.from(bytes)), { maxLineBytes: 16 }));
    }),
});

/** What a reflector writes into the log whose watches are all ended by the server. */
async function reflected(wanted: RegExp, prepare: (api: FakeKubeApi) => void): Promise<string> {
  await using api = await FakeKubeApi.start({ resources: [widgets] });
  prepare(api);
  const clock = new ManualClock();
  const client = await clientOf(api, { clock });
  const stop = new AbortController();
  const logger = new RecordingLogger();
  const reflector = new Reflector(
    { resource: widgets },
    {
      ...{ client, clock, logger, random: () => 0, watchList: { isRefused: false }, changed: () => {} },
      metrics: declareReflectorMetrics(new RecordingMetrics()),
    },
  );
  const running = reflector.run(stop.signal);
  const failure = (): unknown => logger.lines.map(({ fields }) => fields["error"]).find((error) => wanted.test(String(error)));
  try {
    for (let round = 0; round < 3000 && failure() === undefined; round += 1) {
      for (const watch of api.watches) watch.end();
      await clock.advance(1);
    }
    return printed(failure());
  } finally {
    stop.abort();
    await running;
    client.close();
  }
}

const identity = { metadata: { name: "a", uid: "u", resourceVersion: "7" } };

const requests: Situations = [
  { when: "a kubeconfig is no YAML", says: () => configured("users: [token: x") },
  {
    when: "a kubeconfig has no current context",
    says: () => configured("{apiVersion: v1, kind: Config, clusters: [], users: [], contexts: []}"),
  },
  {
    when: "a kubeconfig's plug-in fails",
    says: () =>
      exchanged(({ client }) => client.request({ method: "GET", path }, signal), {
        user: { exec: { command: "sh", args: ["-c", "echo session expired >&2; exit 1"] } },
      }),
  },
  get("a request is forbidden", { status: 403, body: statusBody(403, "Forbidden", 'widgets.example.com "w0" is forbidden: no RBAC rule') }),
  get("a request is refused without a word", { status: 500 }),
  get("a connection is cut", { cut: true }),
  get("an answer is no JSON", { bytes: "<html>" }),
  get("an answer is too long", { bytes: `"${"x".repeat(2000)}"` }, { maxBytes: 1000 }),
  get("there is no answer", { hang: true }, { timeoutMs: 5000 }),
  {
    when: "nobody answers a watch",
    says: () =>
      exchanged(({ client }) => client.stream({ path, query: { watch: "1" }, timeoutMs: 3000, idleMs: () => 1000 }, signal), {
        faults: { watch: { hang: true } },
      }),
  },
  {
    when: "a watch falls silent",
    says: () =>
      exchanged(async ({ api, client }) => {
        const chunks = await client.stream({ path, query: { watch: "1", resourceVersion: api.revision }, idleMs: () => 1000 }, signal);
        await chunks.next();
      }),
  },
];

const lists: Situations = [
  list("a list is none", body({ items: [], metadata: {} })),
  list("an object of a list has no name", body({ items: [{}], metadata: { resourceVersion: "1" } })),
  list("a list has no end", [circle, circle]),
  list("a list is too long", [], 2),
  { when: "an object's namespace is none", says: () => thrown(() => takeObject({ metadata: { ...identity.metadata, namespace: 7 } })) },
  line("a line of a watch is no JSON", "{"),
  line("a line of a watch is of an unknown type", '{"type":"RENAMED"}'),
  line("a bookmark of a watch has no state", '{"type":"BOOKMARK","object":{"metadata":{}}}'),
  line("a watch is ended by the server", JSON.stringify({ type: "ERROR", object: statusBody(410, "Expired", "too old resource version") })),
  stream("a stream ends in the middle of a line", "a"),
  stream("a stream has a line that is too long", "a".repeat(20)),
  stream("a stream is no text", Uint8Array.of(0xc3, 0x28, 0x0a)),
  { when: "a watch ends before it has listed", says: () => reflected(/initial/, (api) => api.fail("watchlist", { bytes: "" })) },
  {
    when: "a watch ends as soon as it has begun",
    says: () =>
      reflected(/at once/, (api) => {
        api.servesWatchList = false;
      }),
  },
];

const writes: Situations = [
  apply("a manifest to be applied has no name", { apiVersion: "v1", kind: "Secret" }),
  apply("a manifest to be applied is of an unknown kind", { apiVersion: "nowhere/v1", kind: "Gadget", metadata: { name: "g" } }),
  apply("a CRD is never served", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
  }),
  {
    when: "a status is written and not given back",
    says: () =>
      exchanged(
        ({ client }) =>
          applyStatus(
            { client, collection: { resource: widgets }, fieldManager: "m" },
            { name: "w0", resourceVersion: "101", status: {} },
            signal,
          ),
        { faults: { "patch-status": body({}) } },
      ),
  },
];

export const kubernetes: Situations = [...requests, ...lists, ...writes];
