/** Two tenants on a real control plane: what their policies and Verifiers decide for them, and that they decide nothing for anybody else. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../../src/engine/report.ts";
import { applied, apply, eventually, options, trust } from "./fixture.ts";
import { judged } from "./scene.ts";
import { apiVersion, builtIn, host, outcomeOf, own, ownTrust, startTenancy, type Tenancy, untouched } from "./tenancy.ts";

let tenancy: Tenancy;
let alice = "";
let bob = "";

before(async () => {
  if (options.skip !== false) return;
  tenancy = await startTenancy();
  alice = tenancy.people.keys.alice.publicKeyPem;
  bob = tenancy.people.keys.bob.publicKeyPem;
});
after(() => tenancy?.[Symbol.asyncDispose]());

const [denied, unsatisfied] = ["deny NoValidSignature", "deny PolicyNotSatisfied"] as const;
const clusters = { kind: "Verifier", name: "release" } as const;
const ownPolicy = (name: string, ...verifiers: readonly object[]): object =>
  own("Policy", name, { scopes: [host], require: verifiers.map((verifierRef) => ({ verifierRef })) });
const policy = (name: string, spec: object): object => ({
  apiVersion,
  kind: "Policy",
  metadata: { name },
  spec: { scopes: [host], ...spec },
});
const namesOf = ({ policies }: Report): readonly string[] => policies.map(({ name }) => name);
/** team-a needs alice by the cluster's Verifier, and bob by its own. */
const both = (): readonly object[] => [...ownTrust("own", bob), ownPolicy("both", clusters, { kind: "NamespacedVerifier", name: "own" })];

test("a NamespacedPolicy decides for its namespace alone, by the cluster's Verifier and its own", options, async () => {
  assert.deepEqual(await tenancy.outcomes(), untouched);
  await tenancy.during(both(), async () => {
    assert.deepEqual(await tenancy.outcomes(), { ...untouched, "team-a": [denied, unsatisfied, denied, "allow"] });
    const refused = await tenancy.verify("alice", "team-a");
    const digest = tenancy.people.images.alice.split("@")[1]?.slice(0, "sha256:".length + 12) ?? "";
    assert.equal(
      refused.summary,
      `${host}/private/app@${digest}… denied by NamespacedPolicy/team-a/both: needs 1 signer of NamespacedVerifier/team-a/own, has 0; asked stores production (1 artifact)`,
    );
    assert.match(
      (await tenancy.verify("bob", "team-a")).summary,
      /denied: no valid signature by a trusted key in /,
      "what the cluster denies is told by the cluster",
    );
    assert.deepEqual(namesOf(await tenancy.verify("both", "team-a")), ["built-in policy", "NamespacedPolicy/team-a/both"]);
    for (const namespace of [undefined, "team-b"]) assert.deepEqual(namesOf(await tenancy.verify("both", namespace)), ["built-in policy"]);
  });
  assert.deepEqual(await tenancy.outcomes(), untouched);
});

test("a Policy of the cluster is for the namespaces that its selector selects, by the labels that they have now", options, async () => {
  const { plane } = tenancy;
  const pair = [
    { name: "alice", publicKey: alice },
    { name: "bob", publicKey: bob },
  ];
  const inline = { apiVersion, kind: "KeyProvider", metadata: { name: "pair" }, spec: { type: "inline", inline: { keys: pair } } };
  const verifier = { type: "cosign", cosign: { keyProviderRefs: [{ name: "pair" }] } };
  const objects = [
    inline,
    { apiVersion, kind: "Verifier", metadata: { name: "pair" }, spec: verifier },
    policy("everywhere", { require: [{ verifierRef: { name: "release" } }] }),
    policy("prod", { namespaceSelector: { matchLabels: { env: "prod" } }, require: [{ verifierRef: { name: "pair" }, atLeast: 2 }] }),
  ];
  const strict = [unsatisfied, unsatisfied, unsatisfied, "allow"];
  const lax = [unsatisfied, "allow", unsatisfied, "allow"];
  await tenancy.during(objects, async () => {
    assert.deepEqual(
      await tenancy.outcomes(),
      { none: strict, "team-a": lax, "team-b": strict },
      "without a namespace every selector matches",
    );
    assert.match((await tenancy.verify("alice", "team-b")).summary, /denied by Policy\/prod: needs 2 signers of Verifier\/pair, has 1/);
    assert.equal(outcomeOf(await tenancy.verify("alice", "team-z")), unsatisfied, "a namespace that nobody has seen may be one of prod");

    await plane.kubectlOk(["label", "namespace", "team-a", "env=prod", "--overwrite"]);
    await eventually("team-a is one of prod", async () =>
      outcomeOf(await tenancy.verify("alice", "team-a")) === unsatisfied ? true : undefined,
    );
    assert.deepEqual(await tenancy.outcomes(), { none: strict, "team-a": strict, "team-b": strict });
    await plane.kubectlOk(["label", "namespace", "team-a", "env=dev", "--overwrite"]);
    await eventually("team-a is not one of prod", async () =>
      outcomeOf(await tenancy.verify("alice", "team-a")) === "allow" ? true : undefined,
    );

    await tenancy.during([ownPolicy("lax", clusters)], async () => {
      assert.deepEqual(await tenancy.outcomes(), { none: strict, "team-a": lax, "team-b": strict });
    });
  });
  assert.deepEqual(await tenancy.outcomes(), untouched);
});

test("a Verifier and keys of a tenant that are called as the cluster's are others, and trust nobody for it", options, async () => {
  const { plane } = tenancy;
  const namesake = ownTrust("release", bob);
  const byNamesake = ownPolicy("by-namesake", { kind: "NamespacedVerifier", name: "release" });
  await tenancy.during(namesake, async () => {
    await judged(plane, ["namespacedverifiers", "release", "team-a"], { Ready: "True/Succeeded" });
    assert.deepEqual(await tenancy.outcomes(), untouched);
    // A policy of the namespace that names the cluster's gets the cluster's, and one that names its own cannot get past the cluster.
    await tenancy.during([ownPolicy("by-the-clusters", clusters)], async () => assert.deepEqual(await tenancy.outcomes(), untouched));
    await tenancy.during([byNamesake], async () => {
      assert.deepEqual(await tenancy.outcomes(), { ...untouched, "team-a": [denied, unsatisfied, denied, "allow"] });
      const { artifacts } = await tenancy.verify("bob", "team-a");
      const results = artifacts.flatMap((artifact) => artifact.results.map(({ verifier, outcome }) => `${verifier}: ${outcome}`));
      assert.deepEqual(results, ["release: rejected", "team-a/release: verified"]);
    });
  });
  // The cluster's gone, a tenant's namesake does not take its place.
  await plane.kubectlOk(["delete", "verifiers.countersign.dev", "release"]);
  await tenancy.during(namesake, async () => {
    await eventually("the cluster has no Verifier", async () =>
      outcomeOf(await tenancy.verify("bob")) === "inconclusive NotConfigured" ? true : undefined,
    );
    const open = Array(4).fill("inconclusive NotConfigured");
    assert.deepEqual(await tenancy.outcomes(), { none: open, "team-a": open, "team-b": open });
  });
  await applied(plane, tenancy.operator, ...trust("release", alice));
  assert.deepEqual(await tenancy.outcomes(), untouched);
});

test(
  "a tenant's object that is flapped a hundred times costs nobody else a cached verdict, nor the registry a request",
  options,
  async () => {
    const { plane, operator, proxy } = tenancy;
    const { holder } = operator.cluster.core;
    await tenancy.during(both(), async () => {
      const before = [await tenancy.verify("both"), await tenancy.verify("both", "team-b")];
      const [asked, revision] = [proxy.requests.length, holder.current?.revision];
      const states = Array.from({ length: 100 }, (_, at) =>
        own("Verifier", "own", {
          type: "cosign",
          cosign: { keyProviderRefs: [{ name: "own" }], annotations: [{ name: "round", value: String(at) }] },
        }),
      );
      const published = new Set<string>();
      const reports: Report[] = [];
      const flap = { ended: false };
      const flapped = apply(plane, ...states).finally(() => (flap.ended = true));
      while (!flap.ended) {
        published.add(holder.current?.revision ?? "");
        reports.push(await tenancy.verify("both"), await tenancy.verify("both", "team-b"));
        await sleep(20);
      }
      await flapped;
      await eventually(
        "the last of them is served",
        () => holder.current?.verifiers.get("team-a/own")?.meta.generation === 101 || undefined,
      );
      reports.push(await tenancy.verify("both"), await tenancy.verify("both", "team-b"));
      assert.ok(published.size > 1 && holder.current?.revision !== revision, `${published.size} snapshots came of it`);
      assert.deepEqual([...new Set(reports.map(({ viewRevision }) => viewRevision))], [before[0]?.viewRevision]);
      assert.deepEqual([...new Set(reports.map(outcomeOf))], ["allow"]);
      assert.equal(proxy.requests.length, asked, "each of them was remembered");
      // The tenant's own verdict has followed.
      assert.equal(outcomeOf(await tenancy.verify("both", "team-a")), unsatisfied);
    });
    assert.deepEqual(await tenancy.outcomes(), untouched);
  },
);

test("a NamespacedPolicy that is broken closes its own namespace, and no other", options, async () => {
  const typo = own("Policy", "typo", { scopes: [host], require: [{ expression: "evidence.exists(e, e.verifed)" }] });
  await tenancy.during([typo], async () => {
    await judged(tenancy.plane, ["namespacedpolicies", "typo", "team-a"], { Accepted: "False/InvalidExpression" });
    const open = "inconclusive PolicyInvalid";
    assert.deepEqual(await tenancy.outcomes(), {
      ...untouched,
      "team-a": builtIn.map((outcome) => (outcome === "allow" ? open : outcome)),
    });
    assert.match((await tenancy.verify("alice", "team-a")).summary, /NamespacedPolicy\/team-a\/typo is invalid: .*line 1, column/);
  });
});

test(
  "what a NamespacedPolicy lets through, by an exception or where nothing is certain, the cluster still has to allow",
  options,
  async () => {
    const expirationTime = "2099-01-01T00:00:00Z";
    const lenient = own("Policy", "lenient", {
      scopes: ["*"],
      onInconclusive: "Allow",
      exceptions: [{ scopes: [host], expirationTime, reason: "because we say so" }],
      require: [{ verifierRef: { name: "gone" } }],
    });
    await tenancy.during([lenient], async () => {
      assert.deepEqual(await tenancy.outcomes(), untouched);
      const open = policy("typo", { require: [{ expression: "evidence.exists(e, e.verifed)" }] });
      await tenancy.during([open], async () => {
        const report = await tenancy.verify("alice", "team-a");
        assert.deepEqual([outcomeOf(report), report.onInconclusive], ["inconclusive PolicyInvalid", "Deny"]);
        const theirs = report.policies.find(({ name }) => name === "NamespacedPolicy/team-a/lenient");
        assert.deepEqual([theirs?.outcome, theirs?.exception?.reason], ["allow", "because we say so"]);
      });
    });
    // Without the exception its Verifier is missing: what the tenant says of that opens the tenant's own verdict, and nothing else.
    const missing = own("Policy", "missing", { scopes: [host], onInconclusive: "Allow", require: [{ verifierRef: { name: "gone" } }] });
    await tenancy.during([missing], async () => {
      const open = "inconclusive VerifierNotReady";
      assert.deepEqual(await tenancy.outcomes(), {
        ...untouched,
        "team-a": builtIn.map((outcome) => (outcome === "allow" ? open : outcome)),
      });
      assert.match((await tenancy.verify("alice", "team-a")).summary, /NamespacedVerifier\/team-a\/gone does not exist/);
    });
  },
);
