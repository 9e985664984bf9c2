import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Core } from "../../src/app/core.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import type { Denial } from "../../src/operator/ports.ts";
import { statusOf } from "../../src/operator/status-of.ts";
import { MemorySource } from "../operator/memory-source.ts";
import { ManualClock } from "../support/clock.ts";

/** A source in which a namespace withholds some kinds. */
class WithholdingSource extends MemorySource {
  readonly denials = new Map<string, Denial>();
  denied(kind: string, namespace: string): Denial | undefined {
    return this.denials.get(`${kind} ${namespace}`);
  }
}

async function setUp(context: TestContext) {
  const source = new WithholdingSource();
  const clock = new ManualClock();
  const core = new Core({ source, clock, logger: silentLogger, metrics: silentMetrics, random: () => 0 });
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  context.after(async () => {
    stop.abort(new DOMException("done", "AbortError"));
    await running;
    await core[Symbol.asyncDispose]();
  });
  /** What stands in the status of an object of team-a, or the cluster. */
  const message = (kind: "AuthProvider" | "KeyProvider", name: string): string | undefined => {
    const status = statusOf({ kind, name }, { snapshot: core.snapshot(), health: () => undefined, now: clock.now(), standing: undefined });
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    return ready?.status === "True" ? "ready" : ready?.message;
  };
  return {
    source,
    message,
    start: async () => {
      await core.start(stop.signal);
      running = core.run(stop.signal);
    },
    compiled: () => clock.advance(200),
  };
}

const providers = {
  secret: { registries: ["ghcr.io"], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } },
  account: { registries: ["quay.io"], type: "serviceAccount", serviceAccount: { serviceAccountRef: { name: "puller" } } },
} as const;
const keys = [{ name: "release", key: "release.pub" }];

test("the status of a namespaced object says what the operator may not read, and what to do about it", async (context) => {
  const { source, start, message } = await setUp(context);
  for (const [name, spec] of Object.entries(providers)) source.put("NamespacedAuthProvider", `team-a/${name}`, spec);
  source.put("NamespacedKeyProvider", "team-a/secret", {
    type: "kubernetesSecret",
    kubernetesSecret: { secretRef: { name: "keys" }, keys },
  });
  source.put("NamespacedKeyProvider", "team-a/map", { type: "configMap", configMap: { configMapRef: { name: "keys" }, keys } });
  for (const kind of ["Secret", "ConfigMap", "ServiceAccount"]) source.denials.set(`${kind} team-a`, "Forbidden");
  await start();
  const said = (kinds: string): string =>
    `the operator may not read ${kinds} in namespace team-a: bind ClusterRole countersign-tenant-secrets to it there`;
  assert.deepEqual(
    [
      message("AuthProvider", "team-a/secret"),
      message("AuthProvider", "team-a/account"),
      message("KeyProvider", "team-a/secret"),
      message("KeyProvider", "team-a/map"),
    ].map((text) => text?.replace(/^T/, "t")),
    [said("Secrets"), said("ServiceAccounts"), said("Secrets"), said("ConfigMaps")],
  );
});

for (const [denial, said] of [
  ["NotListed", "Secrets in namespace team-a have not been read yet"],
  ["TooLarge", "namespace team-a has more Secrets than the operator keeps: it is not there, or not among those that are"],
  ["TooManyNamespaces", "Secrets in namespace team-a are not read: too many other namespaces have objects that refer to theirs"],
] as const) {
  test(`the status of a namespaced object says ${denial} in so many words`, async (context) => {
    const { source, start, message } = await setUp(context);
    source.put("NamespacedAuthProvider", "team-a/secret", providers.secret);
    source.denials.set("Secret team-a", denial);
    await start();
    assert.equal(message("AuthProvider", "team-a/secret"), said);
  });
}

test("an object is judged anew when what its namespace withholds changes, and when the Secret is there", async (context) => {
  const { source, start, message, compiled } = await setUp(context);
  source.put("NamespacedAuthProvider", "team-a/secret", providers.secret);
  source.denials.set("Secret team-a", "Forbidden");
  await start();
  source.denials.clear();
  source.put("NamespacedAuthProvider", "team-a/secret", providers.secret); // a source marks it
  await compiled();
  assert.equal(message("AuthProvider", "team-a/secret"), "Secret/reader does not exist");
  const data = { ".dockerconfigjson": Buffer.from('{"auths":{"ghcr.io":{"username":"u","password":"p"}}}').toString("base64") };
  source.putRaw("Secret", "team-a/reader", { type: "kubernetes.io/dockerconfigjson", data });
  await compiled();
  assert.equal(message("AuthProvider", "team-a/secret"), "ready");
});

test("what a namespace withholds is nothing to a cluster-scoped object, or to another namespace", async (context) => {
  const { source, start, message } = await setUp(context);
  source.put("AuthProvider", "secret", providers.secret);
  source.put("NamespacedAuthProvider", "team-b/secret", providers.secret);
  source.denials.set("Secret team-a", "Forbidden");
  await start();
  assert.deepEqual(
    [message("AuthProvider", "secret"), message("AuthProvider", "team-b/secret")],
    ["Secret/reader does not exist", "Secret/reader does not exist"],
  );
});
