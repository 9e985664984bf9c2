import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { createAuthority, loopback } from "../support/certificates.ts";
import type { ControlPlane } from "../support/real/control-plane.ts";
import { createCosign, type Cosign } from "../support/real/cosign.ts";
import { pushImage, type PushedManifest } from "../support/real/image.ts";
import { type DistributionRegistry, startDistribution } from "../support/real/registries.ts";
import {
  apply,
  authProvider,
  caConfigMap,
  dockerSecret,
  eventually,
  installed,
  type Operator,
  options,
  served,
  startOperator,
  store,
  tools,
  trust,
} from "./fixture.ts";
import { type ProxiedRequest, type RecordingProxy, startProxy } from "./proxy.ts";

const user = { username: "reader", password: "canary-password-e5a1" } as const;
const rounds = 100;

let plane: ControlPlane;
let registry: DistributionRegistry;
let proxy: RecordingProxy;
let cosign: Cosign;
let operator: Operator;
let signed: PushedManifest;
let unsigned: PushedManifest;
let host: string;

before(async () => {
  if (tools === undefined) return;
  plane = await installed();
  const authority = createAuthority();
  registry = await startDistribution({
    tools,
    tls: authority.issue(loopback),
    auth: { type: "htpasswd", users: { [user.username]: user.password } },
  });
  proxy = await startProxy({ host: registry.host, ca: authority.pem, certificate: authority.issue(loopback) });
  host = proxy.host;
  const target = { url: registry.url, repository: "private/app", ca: authority.pem, credentials: user };
  signed = await pushImage(target, { seed: "signed", tag: "signed" });
  unsigned = await pushImage(target, { seed: "unsigned", tag: "unsigned" });
  cosign = await createCosign({ tools });
  const key = await cosign.createKey();
  const access = { ca: authority.pem, credentials: user, key };
  await cosign.sign(signed.reference, access);
  await apply(
    plane,
    dockerSecret("reader", { [host]: user }),
    caConfigMap("ca", authority.pem),
    authProvider("nobody", { registries: [host], type: "anonymous" }),
    authProvider("reader", { registries: [host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
    ...trust("release", key.publicKeyPem),
  );
  operator = await startOperator(plane);
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  cosign?.close();
  await proxy?.[Symbol.asyncDispose]();
  await registry?.close();
  await plane?.stop();
});

const image = (pushed: PushedManifest): string => `${host}/private/app@${pushed.digest}`;
const spec = (provider: string): object => ({
  scopes: [`${host}/private`],
  registry: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } },
  authProviderRefs: [{ name: provider }],
});
const isListing = ({ path }: ProxiedRequest): boolean => path.includes("/referrers/") || path.includes("/manifests/sha256-");

/** Holds the first listing of each of the two stores until both have arrived, and lets them go in the order drawn. */
function barrier(anonymousFirst: boolean): { readonly seen: () => { anonymous: number; authorized: number } } {
  const counts = { anonymous: 0, authorized: 0 };
  const both = { anonymous: Promise.withResolvers<void>(), authorized: Promise.withResolvers<void>() };
  const [first, second] = anonymousFirst ? (["anonymous", "authorized"] as const) : (["authorized", "anonymous"] as const);
  const arrived = { anonymous: Promise.withResolvers<void>(), authorized: Promise.withResolvers<void>() };
  void Promise.all([arrived.anonymous.promise, arrived.authorized.promise]).then(() => {
    both[first].resolve();
    setImmediate(() => both[second].resolve());
  });
  proxy.gate = (request) => {
    if (!isListing(request)) return undefined;
    const kind = request.authorization === undefined ? "anonymous" : "authorized";
    counts[kind] += 1;
    arrived[kind].resolve();
    return counts[kind] === 1 ? both[kind].promise : undefined;
  };
  return { seen: () => counts };
}

test(
  `the seed: a store with a useless credential beside one with the right one, ${rounds} cold verifications in drawn orders`,
  options,
  async (t) => {
    const seed = Number(process.env["SEED"] ?? randomInt(2 ** 31));
    t.diagnostic(`seed ${seed}`);
    let state = seed;
    const draw = (): boolean => {
      // mulberry32: small, and the same everywhere for the same seed
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) & 1) === 1;
    };
    let names: readonly string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Drawn anew each round: whose name comes first, who is created first, and (below) who is answered first.
      if (names.length > 0) await plane.kubectlOk(["delete", "stores.countersign.dev", ...names]);
      const useless = `${draw() ? "a" : "z"}-first-${round}`;
      const useful = `m-second-${round}`;
      const objects = [store(useless, spec("nobody")), store(useful, spec("reader"))];
      for (const object of draw() ? objects : objects.toReversed()) await apply(plane, object);
      await served(operator, { present: [`Store/${useless}`, `Store/${useful}`], absent: names.map((name) => `Store/${name}`) });
      names = [useless, useful];
      for (const [pushed, outcome] of [
        [signed, "allow"],
        [unsigned, "deny"],
      ] as const) {
        const held = barrier(draw());
        const report = await operator.cluster.core.verify(image(pushed), AbortSignal.timeout(60_000));
        assert.equal(report.verdict.outcome, outcome, `round ${round}: ${JSON.stringify(report)}`);
        assert.ok(held.seen().authorized > 0, `round ${round}: the registry was asked for a listing`);
        assert.equal(
          report.artifacts.every((artifact) => artifact.readFrom === useful),
          true,
        );
        if (outcome === "allow") assert.equal(report.artifacts.length, 1);
      }
    }
    proxy.gate = () => undefined;

    await plane.kubectlOk(["delete", "stores.countersign.dev", names[1] ?? ""]);
    await served(operator, { absent: [`Store/${names[1]}`] });
    for (const pushed of [signed, unsigned]) {
      const report = await operator.cluster.core.verify(image(pushed), AbortSignal.timeout(30_000));
      assert.equal(report.verdict.outcome, "inconclusive");
      assert.match(JSON.stringify(report.verdict), /AuthenticationFailed/);
    }
  },
);

test("kubectl get stores says which store is broken and why", options, async () => {
  await plane.kubectlOk(["delete", "stores.countersign.dev", "--all"]);
  await apply(plane, store("first", spec("nobody")), store("second", spec("reader")));
  await plane.kubectlOk(["wait", "--for=condition=Ready", "--timeout=30s", "store.countersign.dev/second"]);
  const table = await eventually("both stores are judged", async () => {
    const text = await plane.kubectlOk(["get", "stores.countersign.dev"]);
    return text.includes("AuthenticationFailed") ? text : undefined;
  });
  const lines = table
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/).slice(0, 5));
  assert.deepEqual(lines, [
    ["NAME", "READY", "REASON", "REGISTRY", "AUTH"],
    ["first", "False", "AuthenticationFailed", host, "nobody"],
    ["second", "True", "Succeeded", host, "reader"],
  ]);
});

test("the password stands nowhere but in the header of requests to its own registry", options, async () => {
  const basic = Buffer.from(`${user.username}:${user.password}`).toString("base64");
  const shows = (text: string): boolean => text.includes(user.password) || text.includes(basic);
  const stores = await plane.kubectlOk(["get", "stores.countersign.dev,authproviders.countersign.dev", "-o", "yaml"]);
  const audit = JSON.stringify(await plane.auditEntries());
  const snapshot = operator.cluster.core.snapshot();
  const report = await operator.cluster.core.verify(image(signed), AbortSignal.timeout(30_000));
  const places = {
    status: stores,
    "audit log": audit,
    log: operator.log(),
    report: JSON.stringify(report),
    "snapshot, inspected": inspect(snapshot, { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null }),
    events: await plane.kubectlOk(["get", "events", "--all-namespaces", "-o", "yaml"]),
  };
  for (const [place, text] of Object.entries(places)) assert.equal(shows(text), false, place);
  assert.ok(
    proxy.requests.some(({ raw }) => shows(raw)),
    "the registry itself got it",
  );
});

test("the operator asks the API server under its own name only, and lists nothing periodically", options, async () => {
  const entries = (await plane.auditEntries()).filter(({ userAgent }) => userAgent?.startsWith("countersign/") === true);
  const users = new Set(entries.map(({ user: { username } }) => username));
  assert.deepEqual([...users], ["system:serviceaccount:countersign-system:countersign-operator"]);
  const verbs = new Set(entries.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource ?? ""}`));
  assert.equal(
    [...verbs].some((verb) => verb.startsWith("list ") || verb.startsWith("get ")),
    false,
    [...verbs].join(", "),
  );
});
