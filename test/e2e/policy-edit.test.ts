/** A Policy is edited, deleted, broken and mended on a real API server, also while verifications are under way. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../../src/engine/report.ts";
import { loopback } from "../support/certificates.ts";
import type { ControlPlane } from "../support/real/control-plane.ts";
import {
  applied,
  apply,
  authProvider,
  caConfigMap,
  dockerSecret,
  installed,
  type Operator,
  options,
  served,
  startOperator,
  store,
} from "./fixture.ts";
import { accounts, type People, people, type Signers, startPeople } from "./people.ts";
import { type RecordingProxy, startProxy } from "./proxy.ts";
import { judged } from "./scene.ts";

const apiVersion = "countersign.dev/v1alpha1";
let all: People;
let plane: ControlPlane;
/** In front of the registry: what it counts and holds is what the operator asks. */
let proxy: RecordingProxy;
let operator: Operator;

before(async () => {
  if (options.skip !== false) return;
  [all, plane] = await Promise.all([startPeople(), installed()]);
  const { registry, authority, keys } = all;
  proxy = await startProxy({ host: registry.host, ca: authority.pem, certificate: authority.issue(loopback) });
  const inline = people.map((name) => ({ name, publicKey: keys[name].publicKeyPem }));
  await apply(
    plane,
    dockerSecret("reader", { [proxy.host]: accounts.cluster }),
    caConfigMap("ca", authority.pem),
    authProvider("reader", { registries: [proxy.host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
    { apiVersion, kind: "KeyProvider", metadata: { name: "people" }, spec: { type: "inline", inline: { keys: inline } } },
    {
      apiVersion,
      kind: "Verifier",
      metadata: { name: "people" },
      spec: { type: "cosign", cosign: { keyProviderRefs: [{ name: "people" }] } },
    },
    store("app", { scopes: [proxy.host], timeout: "20s", registry: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } } }),
  );
  operator = await startOperator(plane, { rememberVerdicts: true });
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await plane?.[Symbol.asyncDispose]();
  await all?.[Symbol.asyncDispose]();
});

function policy(require: readonly object[], more: object = {}): object {
  return { apiVersion, kind: "Policy", metadata: { name: "release" }, spec: { scopes: [proxy.host], require, ...more } };
}
const signedBy = (atLeast: number): object => ({ verifierRef: { name: "people" }, atLeast });

const edited = (object: object): Promise<void> => applied(plane, operator, object);
async function deleted(): Promise<void> {
  await plane.kubectlOk(["delete", "policies.countersign.dev", "release"]);
  await served(operator, { absent: ["Policy/release"] });
}
const verify = (name: Signers): Promise<Report> =>
  operator.cluster.core.verify(`${proxy.host}/${all.images[name]}`, AbortSignal.timeout(30_000));
const outcomeOf = ({ verdict }: Report): string => (verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`);
async function outcomes(): Promise<readonly string[]> {
  const reports = await Promise.all((["nobody", "alice", "bob", "both"] as const).map(verify));
  return reports.map(outcomeOf);
}

test(
  "what has begun when a Policy is edited ends by the old one, what begins afterwards is judged by the new one at once",
  options,
  async () => {
    await edited(policy([signedBy(1)]));
    const names = ["alice", "both", "nobody"] as const;
    const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    proxy.gate = () => {
      arrived.resolve();
      return released.promise;
    };
    let ended = 0;
    const old = names.map((name) => verify(name).finally(() => (ended += 1)));
    await arrived.promise;

    await edited(policy([signedBy(2)]));
    proxy.gate = () => undefined; // what is held stays held
    const newReports = await Promise.all(names.map(verify));
    assert.equal(ended, 0, "the old ones are under way still");
    released.resolve();
    const oldReports = await Promise.all(old);
    assert.deepEqual(oldReports.map(outcomeOf), ["allow", "allow", "deny PolicyNotSatisfied"]);
    assert.deepEqual(newReports.map(outcomeOf), ["deny PolicyNotSatisfied", "allow", "deny PolicyNotSatisfied"]);
    assert.equal(outcomeOf(await verify("alice")), "deny PolicyNotSatisfied", "and what ended late is not remembered for the new one");
    const revisions = new Set([...oldReports, ...newReports].map(({ viewRevision }) => viewRevision));
    assert.equal(revisions.size, 2, "each of them names the configuration that it was judged by");
    assert.match(
      newReports[0]?.summary ?? "",
      /denied by Policy\/release: needs 2 signers of Verifier\/people, has 1 \(KeyProvider\/people key "alice"\)/,
    );
  },
);

test("nothing that is remembered of an old Policy answers for a new one, nor the other way round", options, async () => {
  await edited(policy([signedBy(2)]));
  assert.deepEqual(await outcomes(), ["deny PolicyNotSatisfied", "deny PolicyNotSatisfied", "deny PolicyNotSatisfied", "allow"]);
  const asked = proxy.requests.length;
  await outcomes();
  assert.equal(proxy.requests.length, asked, "these verdicts are remembered");
  await edited(policy([signedBy(1)]));
  assert.deepEqual(await outcomes(), ["deny PolicyNotSatisfied", "allow", "allow", "allow"]);
  await edited(policy([signedBy(2)]));
  assert.deepEqual(await outcomes(), ["deny PolicyNotSatisfied", "deny PolicyNotSatisfied", "deny PolicyNotSatisfied", "allow"]);
});

test("a Policy that is deleted leaves the built-in one in force", options, async () => {
  await edited(policy([signedBy(2)]));
  await deleted();
  assert.deepEqual(await outcomes(), ["deny NoValidSignature", "allow", "allow", "allow"]);
  const { policies } = await verify("alice");
  assert.deepEqual(
    policies.map(({ name }) => name),
    ["built-in policy"],
  );
});

test("an expression that does not compile allows nothing and says where, and mending it mends both", options, async () => {
  const byAlice = "evidence.exists(e, e.verified && e.signers.exists(s, s.name.contains('alice')))";
  await edited(policy([{ expression: byAlice }]));
  await judged(plane, ["policies", "release"], { Accepted: "True/Valid", Ready: "True/Succeeded" });
  assert.deepEqual(await outcomes(), ["deny PolicyNotSatisfied", "allow", "deny PolicyNotSatisfied", "allow"]);

  await edited(
    policy([signedBy(1), { anyOf: [{ expression: "true" }, { expression: `true ||\n  ${byAlice.replace("e.verified", "e.verifed")}` }] }]),
  );
  const broken = await judged(plane, ["policies", "release"], { Accepted: "False/InvalidExpression", Ready: "False/InvalidExpression" });
  const message = broken.status?.conditions?.find(({ type }) => type === "Accepted")?.message ?? "";
  assert.match(message, /spec\.require\[1\]\.anyOf\[1\]\.expression.*line 2, column 23/);
  assert.deepEqual(await outcomes(), Array(4).fill("inconclusive PolicyInvalid"));
  const { summary } = await verify("both");
  assert.match(summary, /PolicyInvalid.*Policy\/release is invalid: .*line 2, column 23/);

  await edited(policy([{ expression: byAlice }]));
  assert.deepEqual(await outcomes(), ["deny PolicyNotSatisfied", "allow", "deny PolicyNotSatisfied", "allow"]);
  await judged(plane, ["policies", "release"], { Accepted: "True/Valid", Ready: "True/Succeeded" });
});

/** Two verifications in a row that began and ended before an exception does, this many seconds from now; undefined if the machine was too slow for that. */
async function exempted(seconds: number): Promise<{ readonly end: number; readonly reports: readonly [Report, Report] } | undefined> {
  const end = Math.ceil(Date.now() / 1000 + seconds) * 1000; // the API server takes whole seconds
  const exception = { scopes: [proxy.host], expirationTime: new Date(end).toISOString().replace(".000Z", "Z"), reason: "SEC-142" };
  await edited(policy([signedBy(2)], { exceptions: [exception] }));
  const first = await verify("alice");
  const asked = proxy.requests.length;
  const again = await verify("alice");
  if (Date.now() >= end) return undefined;
  assert.equal(proxy.requests.length, asked, "the allow is remembered");
  return { end, reports: [first, again] };
}

test("an exception ends on its second, whatever was remembered until then", options, async () => {
  const found = (await exempted(3)) ?? (await exempted(10)) ?? (await exempted(30));
  assert.ok(found !== undefined);
  const { end, reports } = found;
  for (const report of reports) {
    assert.deepEqual([outcomeOf(report), report.validUntil], ["allow", end]);
    assert.match(JSON.stringify(report.policies), /exempt until .*SEC-142/);
  }
  while (Date.now() < end) await sleep(end - Date.now());
  assert.equal(outcomeOf(await verify("alice")), "deny PolicyNotSatisfied");
});
