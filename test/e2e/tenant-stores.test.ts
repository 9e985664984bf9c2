/** Stores and credentials of a tenant on a real control plane: what it reaches with them, what it does not, and that the cluster's stay the cluster's. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import type { Report, StoreReport } from "../../src/engine/report.ts";
import { storeOf } from "./files.ts";
import { applied, apply, dockerSecret, eventually, options } from "./fixture.ts";
import { accounts } from "./people.ts";
import type { ProxiedRequest, RecordingProxy } from "./proxy.ts";
import { type Judged, judged, operatorRequests } from "./scene.ts";
import { evidenceHost, host, inside, outcomeOf, own, reader, startTenancy, type Tenancy, type Tenant, untouched } from "./tenancy.ts";

let tenancy: Tenancy;
before(async () => {
  if (options.skip !== false) return;
  tenancy = await startTenancy();
  const account = accounts.tenant;
  await apply(
    tenancy.plane,
    inNamespace(dockerSecret("own", { [host]: account, [evidenceHost]: account }), "team-a"),
    inNamespace(dockerSecret("aimed", Object.fromEntries(Object.values(inside).map((target) => [target, account]))), "team-a"),
    inNamespace(dockerSecret("alone", { [evidenceHost]: account }), "team-b"),
  );
});
after(() => tenancy?.[Symbol.asyncDispose]());

function inNamespace(object: object, namespace: Tenant): object {
  const { metadata } = object as { readonly metadata: object };
  return { ...object, metadata: { ...metadata, namespace } };
}
/** The sample that lets the operator read what objects of team-a refer to. */
const grant = parse(readFileSync(new URL("../../config/samples/tenant/role-binding.yaml", import.meta.url), "utf8")) as object;
const provider = (name: string, secret: string, registries: readonly string[] = [evidenceHost]): object =>
  own("AuthProvider", name, { registries, type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: secret } } });
/** Reads evidence of the cluster's images at the tenant's own host. */
const evidence = (name: string, refs?: readonly object[], namespace?: Tenant): object =>
  own(
    "Store",
    name,
    {
      scopes: [host],
      timeout: "10s",
      type: "registry",
      registry: { evidenceRepository: `${evidenceHost}/private/app` },
      ...(refs !== undefined && { authProviderRefs: refs }),
    },
    namespace,
  );
/** With it the namespace's Stores are asked at all. */
const ownPolicy = (namespace?: Tenant): object =>
  own("Policy", "release", { scopes: ["*"], require: [{ verifierRef: { kind: "Verifier", name: "release" } }] }, namespace);
const messageOf = ({ status }: Judged): string => status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "";

const basic = ({ username, password }: { readonly username: string; readonly password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
/** What was sent to a proxy in the meantime, each once; a ping that learns what a registry wants has no credential. */
async function sentDuring(proxy: RecordingProxy, body: () => Promise<void>): Promise<readonly (string | undefined)[]> {
  const start = proxy.requests.length;
  await body();
  const told = (request: ProxiedRequest): boolean => request.path !== "/v2/" || request.authorization !== undefined;
  return [
    ...new Set(
      proxy.requests
        .slice(start)
        .filter(told)
        .map(({ authorization }) => authorization),
    ),
  ];
}
/** What the tenant's Store made of an image that nobody has signed, for which every Store is waited for. */
async function asked(name: string, namespace: Tenant = "team-a"): Promise<StoreReport> {
  return storeOf(await tenancy.verify("nobody", namespace), `${namespace}/${name}`);
}
const classes = ({ failures }: StoreReport): readonly string[] => failures.map((failure) => failure.class);

test("a tenant's Secret is read once the tenant has bound the role to the operator, and not before", options, async () => {
  const { plane, evidenceProxy } = tenancy;
  await tenancy.during([provider("own", "own"), evidence("own", [{ name: "own" }]), ownPolicy()], async () => {
    const blind = await judged(plane, ["namespacedauthproviders", "own", "team-a"], { Ready: "False/RefNotFound" });
    assert.match(messageOf(blind), /may not read Secrets in namespace team-a: bind ClusterRole countersign-tenant-secrets/);
    await judged(plane, ["namespacedstores", "own", "team-a"], { CredentialsResolved: "False/RefNotFound" });
    const unsent = await sentDuring(evidenceProxy, async () => assert.deepEqual(classes(await asked("own")), ["CredentialUnavailable"]));
    assert.deepEqual(unsent, []);
    assert.deepEqual(await tenancy.outcomes(), untouched);

    await apply(plane, grant);
    await eventually("the Secret is read", () => tenancy.operator.cluster.source.objects("Secret").has("team-a/own") || undefined, 90_000);
    await judged(plane, ["namespacedauthproviders", "own", "team-a"], { Ready: "True/Succeeded" });
    await judged(plane, ["namespacedstores", "own", "team-a"], { Ready: "True/Succeeded" });
    const sent = await sentDuring(evidenceProxy, async () => assert.equal((await asked("own")).listing, "Complete"));
    assert.deepEqual(sent, [basic(accounts.tenant)]);
    assert.deepEqual(await tenancy.outcomes(), untouched);
  });
  const reads = (await operatorRequests(plane)).filter(({ entry }) => entry.objectRef?.resource === "secrets");
  assert.deepEqual(
    [...new Set(reads.map(({ entry }) => `${entry.objectRef?.namespace} ${entry.responseStatus?.code}`))].toSorted(),
    ["countersign-system 200", "team-a 200", "team-a 403"],
    "of no other namespace",
  );
});

for (const [whose, secret] of [
  ["the operator's namespace", "reader"],
  ["another tenant's", "alone"],
] as const)
  test(`a Secret of ${whose} is none for a tenant`, options, async () => {
    const { plane, evidenceProxy } = tenancy;
    await tenancy.during([provider("thief", secret), evidence("thief", [{ name: "thief" }]), ownPolicy()], async () => {
      const found = await judged(plane, ["namespacedauthproviders", "thief", "team-a"], { Ready: "False/RefNotFound" });
      assert.match(messageOf(found), new RegExp(`Secret/(team-a/)?${secret} does not exist`));
      await judged(plane, ["namespacedstores", "thief", "team-a"], { CredentialsResolved: "False/RefNotFound" });
      const sent = await sentDuring(evidenceProxy, async () => {
        assert.deepEqual(classes(await asked("thief")), ["CredentialUnavailable"]);
        assert.deepEqual(await tenancy.outcomes(), untouched);
      });
      assert.deepEqual(sent, []);
    });
  });

test("a tenant uses an AuthProvider of the cluster where allowedNamespaces says so, and there alone", options, async () => {
  const { plane, operator, evidenceProxy } = tenancy;
  const refs = [{ kind: "AuthProvider", name: "reader" }];
  const objects = [evidence("shared", refs), evidence("any"), ownPolicy(), evidence("shared", refs, "team-b"), ownPolicy("team-b")];
  await tenancy.during(objects, async () => {
    const refused = await judged(plane, ["namespacedstores", "shared", "team-a"], { CredentialsResolved: "False/ProviderNotFound" });
    assert.match(messageOf(refused), /AuthProvider\/reader does not exist, or does not list namespace team-a in allowedNamespaces/);
    const anonymous = await judged(plane, ["namespacedstores", "any", "team-a"], { Ready: "False/AuthenticationFailed" });
    assert.doesNotMatch(JSON.stringify(anonymous.status), /reader/, "what the cluster has is not told either");
    const unsent = await sentDuring(evidenceProxy, async () => {
      assert.deepEqual(classes(await asked("shared")), ["CredentialUnavailable"]);
      assert.deepEqual(await tenancy.outcomes(), untouched);
    });
    assert.deepEqual(unsent, [undefined], "only the Store that uses no AuthProvider asks, without a credential");

    await applied(plane, operator, reader({ allowedNamespaces: ["team-a"] }));
    await judged(plane, ["namespacedstores", "shared", "team-a"], { Ready: "True/Succeeded" });
    await judged(plane, ["namespacedstores", "any", "team-a"], { Ready: "True/Succeeded" });
    await judged(plane, ["namespacedstores", "shared", "team-b"], { CredentialsResolved: "False/ProviderNotFound" });
    const sent = await sentDuring(evidenceProxy, async () => {
      assert.equal((await asked("shared")).failures.length, 0);
      assert.deepEqual(classes(await asked("shared", "team-b")), ["CredentialUnavailable"]);
      assert.deepEqual(await tenancy.outcomes(), untouched);
    });
    assert.deepEqual(sent, [basic(accounts.cluster)]);
  });
  await applied(plane, operator, reader());
});

test("an AuthProvider of a tenant with the cluster's own pattern changes nothing of what the cluster sends", options, async () => {
  const { plane, operator, proxy } = tenancy;
  await tenancy.during([provider("shadow", "own", [host, evidenceHost]), evidence("shadow"), ownPolicy()], async () => {
    await judged(plane, ["namespacedauthproviders", "shadow", "team-a"], { Accepted: "True/Valid", Ready: "True/Succeeded" });
    await judged(plane, ["authproviders", "reader"], { Accepted: "True/Valid", Ready: "True/Succeeded" });
    await applied(plane, operator, reader({ tokenHosts: [{ registry: evidenceHost, tokenHost: "elsewhere.acme.io" }] })); // whatever was remembered is not
    const sent = await sentDuring(proxy, async () => assert.deepEqual(await tenancy.outcomes(), untouched));
    assert.deepEqual(sent, [basic(accounts.cluster)]);
  });
  await applied(plane, operator, reader());
});

const report = async (image: string): Promise<Report> =>
  await tenancy.operator.cluster.core.verify(image, AbortSignal.timeout(30_000), "team-a");
for (const [name, target] of Object.entries(inside))
  test(`a Store of a tenant that is aimed at ${target} connects to nobody`, options, async () => {
    const { plane, network, people } = tenancy;
    const aimed = (more: object): object => ({ timeout: "10s", type: "registry", ...more });
    const stores = [
      own("Store", `${name}-images`, aimed({ scopes: [target] })),
      own("Store", `${name}-evidence`, aimed({ scopes: [host], registry: { evidenceRepository: `${target}/private/app` } })),
      own("Store", `${name}-mirror`, aimed({ scopes: [host], registry: { rewrite: [{ from: host, to: `${target}/mirror` }] } })),
      provider(name, "aimed", [target]),
    ];
    const dialled = network.dialled.length;
    await tenancy.during([...stores, ownPolicy()], async () => {
      for (const suffix of ["images", "evidence", "mirror"]) {
        const expected = { Accepted: "True/Valid", Reachable: "False/UnsafeEndpoint", Ready: "False/UnsafeEndpoint" };
        await judged(plane, ["namespacedstores", `${name}-${suffix}`, "team-a"], expected);
      }
      assert.deepEqual(await tenancy.outcomes(), untouched);
      for (const suffix of ["evidence", "mirror"]) assert.deepEqual(classes(await asked(`${name}-${suffix}`)), ["UnsafeEndpoint"]);
      const image = await report(`${target}/${people.images.alice}`);
      assert.equal(outcomeOf(image), "deny NoStore", "the cluster has no Store for it");
      assert.deepEqual(classes(storeOf(image, `team-a/${name}-images`)), ["UnsafeEndpoint"]);
    });
    const reached = network.dialled.slice(dialled).filter((address) => !address.startsWith("203.0.113."));
    assert.deepEqual([reached, tenancy.trespasses()], [[], 0]);
  });
