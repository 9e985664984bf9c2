/** Faults of the control plane that the running operator has to survive (numbers: operator.md, section 4). */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { apply, authProvider, dockerSecret, eventually, type Operator, options, served, startOperator } from "./fixture.ts";
import { type Relay, startRelay } from "./relay.ts";
import { judged, listedAtStart, now, operatorRequests, reader, type Scene, startScene } from "./scene.ts";

let scene: Scene;
let operator: Operator;
let relay: Relay;

before(async () => {
  if (options.skip !== false) return;
  scene = await startScene();
  const { plane, host } = scene;
  await apply(
    plane,
    authProvider("reader", { registries: [host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
    scene.store("app", { authProviderRefs: [{ name: "reader" }] }),
  );
  relay = await startRelay({ host: "127.0.0.1", port: Number(new URL(plane.apiServerUrl).port) });
  const path = await plane.kubeconfigForServiceAccount("countersign-system", "countersign-operator");
  const kubeconfig = `${path}.relayed`;
  const text = await readFile(path, "utf8");
  await writeFile(kubeconfig, text.replace(plane.apiServerUrl, `https://127.0.0.1:${relay.port}`), { mode: 0o600 });
  operator = await startOperator(plane, { kubeconfig });
  await judged(plane, ["stores", "app"], { Ready: "True/Succeeded" });
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  await relay?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

const verify = async (image: string): Promise<string> => {
  const report = await operator.cluster.core.verify(image, AbortSignal.timeout(30_000));
  return report.verdict.outcome === "allow" ? "allow" : JSON.stringify(report.verdict);
};
const allowed = (): Promise<true> =>
  eventually("the signed image is allowed", async () => ((await verify(scene.signed)) === "allow" ? true : undefined));
const lists = async (since: string): Promise<readonly string[]> =>
  (await operatorRequests(scene.plane, since)).map(({ text }) => text).filter((text) => /^(watchlist|list) /.test(text));
/** How often the registry was asked whether it is there: what a probe does, and a verification does not. */
const pings = async (): Promise<number> =>
  (await scene.registry.requests()).filter(({ url, status }) => url === "/v2/" && status === 200).length;

/** A definition whose schema lets everything pass that CEL would refuse. */
function withoutRules(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRules);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== "x-kubernetes-validations");
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutRules(member)]));
}

test("fault 14: an object from before a rule existed is refused in its status, and nothing else is affected", options, async () => {
  const { plane, host } = scene;
  const definition = async (plural: string): Promise<object> =>
    parse(await readFile(new URL(`../../config/crd/${plural}.yaml`, import.meta.url), "utf8")) as object;
  const definitions = [await definition("authproviders"), await definition("stores")];
  const submit = (object: object): Promise<number | null> =>
    plane.kubectl(["apply", "--server-side", "-f", "-"], { stdin: JSON.stringify(object) }).then(({ code }) => code);
  const bad = [
    authProvider("wide", { registries: ["*.io"], type: "anonymous" }),
    scene.store("in-path", { scopes: [`${host}/private`, "ghcr.io/acme/*"] }),
  ];
  await apply(plane, ...definitions.map((object) => withoutRules(object) as object));
  // The schema of a definition is in force some moments after it was written.
  for (const object of bad) await eventually("nothing refuses it", async () => ((await submit(object)) === 0 ? true : undefined));
  await apply(plane, ...definitions);
  const provider = await judged(plane, ["authproviders", "wide"], { Accepted: "False/InvalidSpec", Ready: "False/InvalidSpec" });
  const store = await judged(plane, ["stores", "in-path"], { Accepted: "False/InvalidSpec", Ready: "False/InvalidSpec" });
  const messages = [provider, store].map(({ status }) => status?.conditions?.find(({ type }) => type === "Accepted")?.message);
  assert.deepEqual(messages, [
    'spec.registries[0]: "*.io" is too wide: "*" may not stand for one of the last two labels',
    'spec.scopes[1]: "ghcr.io/acme/*" has "*" in a path; write "ghcr.io/acme"',
  ]);
  await allowed();
  for (const object of [["stores", "app"] as const, ["authproviders", "reader"] as const])
    await judged(plane, object, { Ready: "True/Succeeded" });
  const second = authProvider("wide-2", { registries: ["*.io"], type: "anonymous" });
  await eventually("the rule is in force again", async () => ((await submit(second)) === 0 ? undefined : true));
  await plane.kubectlOk(["delete", "stores.countersign.dev", "in-path"]);
  await plane.kubectlOk(["delete", "authproviders.countersign.dev", "wide", "wide-2", "--ignore-not-found"]);
  await served(operator, { absent: ["Store/in-path", "AuthProvider/wide", "AuthProvider/wide-2"] });
});

test("fault 16: a Secret is deleted; its credential is sent no more, and again when the Secret comes back", options, async () => {
  const { plane, registry, host } = scene;
  await plane.kubectlOk(["delete", "secret", "reader", "-n", "countersign-system"]);
  await judged(plane, ["stores", "app"], { CredentialsResolved: "False/RefNotFound", Ready: "False/RefNotFound" });
  const asked = (await registry.requests()).length;
  assert.match(await verify(scene.signed), /inconclusive.*CredentialUnavailable/);
  assert.equal((await registry.requests()).length, asked);
  await apply(plane, dockerSecret("reader", { [host]: reader }));
  await allowed();
  await judged(plane, ["stores", "app"], { CredentialsResolved: "True/Resolved", Ready: "True/Succeeded" });
});

test("fault 17: a Secret is rotated under load; no verification fails on account of it", options, async (t) => {
  const { plane, registry, host } = scene;
  const next = { username: "reader-2", password: "canary-password-second" } as const;
  await registry.setUsers({ [reader.username]: reader.password, [next.username]: next.password });
  const stopped = new AbortController();
  const outcomes = new Map<string, number>();
  const work = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const outcome = await verify(scene.signed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const total = (): number => [...outcomes.values()].reduce((sum, count) => sum + count, 0);
  const more = async (count: number): Promise<void> => {
    const from = total();
    await eventually(`${count} more verifications`, () => (total() >= from + count ? true : undefined));
  };
  const workers = Array.from({ length: 8 }, work);
  try {
    await more(50);
    for (const user of [next, reader, next]) {
      const compiled = operator.cluster.core.snapshot().authProviders.get("reader");
      await apply(plane, dockerSecret("reader", { [host]: user }));
      await eventually("it is in use", () =>
        operator.cluster.core.snapshot().authProviders.get("reader") === compiled ? undefined : true,
      );
      await more(50);
    }
  } finally {
    stopped.abort();
    await Promise.all(workers);
  }
  t.diagnostic(`${total()} verifications`);
  assert.deepEqual([...outcomes.keys()], ["allow"]);
  await registry.setUsers({ [next.username]: next.password });
  assert.equal(await verify(scene.signed), "allow", "it is the new credential that is sent");
});

// Last: after these the pauses between attempts are long.
test("fault 1: the API server is killed; memory serves, and what changed meanwhile is seen without a new list", options, async () => {
  const { plane } = scene;
  const since = now();
  await plane.stopApiServer("SIGKILL");
  for (let round = 0; round < 10; round += 1) {
    assert.equal(await verify(scene.signed), "allow");
    assert.match(await verify(scene.unsigned), /"outcome":"deny"/);
  }
  await eventually("the operator has noticed", () => (operator.log().includes("cannot follow the API server") ? true : undefined));
  // Without its cache the server answers from etcd, which still has the state that was seen last.
  await plane.startApiServer(["--watch-cache=false"]);
  assert.equal(await verify(scene.signed), "allow");
  await apply(plane, scene.store("after", { authProviderRefs: [{ name: "reader" }] }));
  await judged(plane, ["stores", "after"], { Ready: "True/Succeeded" });
  const followed = async (): Promise<true | undefined> => {
    const requests = (await operatorRequests(plane, since)).map(({ text }) => text);
    return listedAtStart.every((kind) => requests.includes(`watch ${kind}`)) ? true : undefined;
  };
  await eventually("every kind is followed again", followed, 60_000);
  assert.deepEqual(await lists(since), []);
});

test("fault 6: what was seen last is compacted away; one list tells what vanished, and nothing else is probed again", options, async () => {
  const { plane } = scene;
  await apply(plane, scene.store("vanishing", { authProviderRefs: [{ name: "reader" }] }));
  await judged(plane, ["stores", "vanishing"], { Ready: "True/Succeeded" });
  const kept = operator.cluster.core.snapshot().stores.get("app");
  const probed = await pings();
  const since = now();
  relay.cut();
  await plane.kubectlOk(["delete", "stores.countersign.dev", "vanishing"]);
  const path = "/apis/countersign.dev/v1alpha1/stores";
  const { metadata } = JSON.parse(await plane.kubectlOk(["get", "--raw", path])) as { metadata: { resourceVersion: string } };
  await plane.restartApiServer(["--watch-cache=false", "--etcd-compaction-interval=1s"], "SIGKILL");
  const exactly = `${path}?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
  let touches = 0;
  await eventually("the state has been compacted", async () => {
    touches += 1; // only what is older than a later write is compacted
    await plane.kubectlOk(["annotate", "--overwrite", "namespace", "default", `touched=${touches}`]);
    return (await plane.kubectl(["get", "--raw", exactly])).stderr.includes("(Expired)") ? true : undefined;
  });
  assert.equal(operator.cluster.core.snapshot().stores.has("vanishing"), true, "nobody could tell the operator");
  relay.mend();
  const listed = async (): Promise<true | undefined> => ((await lists(since)).length >= listedAtStart.length ? true : undefined);
  await eventually("every kind is listed again", listed, 60_000);
  await served(operator, { absent: ["Store/vanishing"] });
  assert.deepEqual(
    (await lists(since)).toSorted(),
    listedAtStart.map((kind) => `watchlist ${kind}`),
  );
  assert.equal(operator.cluster.core.snapshot().stores.get("app"), kept, "it is the same compiled object");
  assert.equal(await pings(), probed);
});
