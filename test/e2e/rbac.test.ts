import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { apply, authProvider, eventually, NotReadyError, type Operator, options, startOperator } from "./fixture.ts";
import { judged, operatorRequests, type Scene, startScene } from "./scene.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}
const documents = (path: string): readonly unknown[] =>
  parseAllDocuments(readFileSync(new URL(`../../config/${path}`, import.meta.url), "utf8")).map((document): unknown => document.toJS());
const [tenantBinding] = documents("samples/tenant/role-binding.yaml") as readonly (object & {
  readonly metadata: { readonly namespace: string };
})[];
/** Where the sample binds the operator to what a tenant grants. */
const tenant = tenantBinding?.metadata.namespace ?? "";
const operatorRoles = documents("rbac/role.yaml") as readonly Role[];
const tenantRoles = documents("rbac/tenant-role.yaml") as readonly Role[];
/** Every right by itself, and where it holds: a rule of two resources and two verbs is four. */
const rights = [...operatorRoles, ...tenantRoles].flatMap((role) => {
  const namespace = tenantRoles.includes(role) ? tenant : (role.metadata.namespace ?? "");
  return role.rules.flatMap((rule) =>
    rule.resources.flatMap((resource) => rule.verbs.map((verb) => ({ role, resource, verb, namespace }))),
  );
});

let scene: Scene;
let kubeconfig: string;

/** One of each kind in the tenant's namespace, between them with a reference to each kind of material. */
const tenantObjects = (host: string, publicKey: string): readonly object[] => {
  const own = (kind: string, name: string, spec: object): object => ({
    apiVersion: "countersign.dev/v1alpha1",
    kind: `Namespaced${kind}`,
    metadata: { name, namespace: tenant },
    spec,
  });
  const caBundleRef = { kind: "ConfigMap", name: "ca", key: "ca.crt" };
  const providers = (name: string, type: string, reference: string): object =>
    own("AuthProvider", name, { registries: [`${host}/${name}`], type, [type]: { [reference]: { name: "reader" } } });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: tenant } },
    ...tenantBindings,
    own("Store", "app", { scopes: [`${host}/team`], type: "registry", registry: { caBundleRef } }),
    providers("secret", "kubernetesSecret", "secretRef"),
    providers("account", "serviceAccount", "serviceAccountRef"),
    own("KeyProvider", "release", { type: "inline", inline: { keys: [{ name: "key", publicKey }] } }),
    own("Verifier", "release", {
      type: "cosign",
      cosign: { keyProviderRefs: [{ name: "release" }] },
    }),
    own("Policy", "release", {
      scopes: [`${host}/team`],
      require: [{ name: "release", verifierRef: { kind: "NamespacedVerifier", name: "release" } }],
    }),
  ];
};
const tenantStore = (name: string): object => ({
  apiVersion: "countersign.dev/v1alpha1",
  kind: "NamespacedStore",
  metadata: { name, namespace: tenant },
  spec: { scopes: [`${scene.host}/team`], type: "registry" },
});
const tenantBindings = tenantBinding === undefined ? [] : [tenantBinding];
/** What is judged whatever its status says. */
const judgedObjects = [
  ["stores", "app"],
  ["authproviders", "reader"],
  ["verifiers", "release"],
  ["keyproviders", "release"],
  ["policies", "release"],
] as const;

before(async () => {
  if (options.skip !== false) return;
  scene = await startScene();
  const key = JSON.parse(await scene.plane.kubectlOk(["get", "keyproviders.countersign.dev", "release", "-o", "json"])) as {
    readonly spec: { readonly inline: { readonly keys: readonly { readonly publicKey: string }[] } };
  };
  await apply(
    scene.plane,
    authProvider("reader", { registries: [scene.host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
    scene.store("app", { authProviderRefs: [{ name: "reader" }] }),
    {
      apiVersion: "countersign.dev/v1alpha1",
      kind: "Policy",
      metadata: { name: "release" },
      spec: { scopes: [`${scene.host}/private`], require: [{ name: "release", verifierRef: { name: "release" } }] },
    },
    ...tenantObjects(scene.host, key.spec.inline.keys[0]?.publicKey ?? ""),
  );
  kubeconfig = await scene.plane.kubeconfigForServiceAccount("countersign-system", "countersign-operator");
});
after(() => scene?.[Symbol.asyncDispose]());

/** Starts the operator; gives only what it logged if it does not become ready. */
async function tryToStart(readyWithinMs: number): Promise<{ readonly operator?: Operator; readonly log: () => string }> {
  try {
    const operator = await startOperator(scene.plane, { kubeconfig, readyWithinMs });
    return { operator, log: () => operator.log() };
  } catch (error) {
    if (error instanceof NotReadyError) return { log: () => error.message };
    throw error;
  }
}

/** The role without one of its rules; a Role without any rule is still a Role. */
const without = (role: Role, rule: Rule): Role => ({ ...role, rules: role.rules.filter((other) => other !== rule) });
/** The API server's authorizer reads roles by a watch of its own. */
async function inForce(
  right: { readonly verb: string; readonly resource: string; readonly namespace: string },
  expected: "yes" | "no",
): Promise<void> {
  const [resource = "", subresource] = right.resource.split("/");
  const args = ["auth", "can-i", right.verb, resource, "--namespace", right.namespace];
  if (subresource !== undefined) args.push("--subresource", subresource);
  await eventually(`${right.verb} ${right.resource}: ${expected}`, async () =>
    (await scene.plane.kubectl(args, { kubeconfig })).stdout.trim() === expected ? true : undefined,
  );
}
const groupOf = (rule: Rule, resource: string): string => {
  const [group = ""] = rule.apiGroups;
  const [name = "", subresource] = resource.split("/");
  return `${group === "" ? name : `${name}.${group}`}${subresource === undefined ? "" : `/${subresource}`}`;
};

/** A status in the tenant's namespace, or of the cluster. */
const statusOf = (plural: string, name: string): Promise<string> =>
  scene.plane.kubectlOk(["get", `${plural}.countersign.dev`, name, "--namespace", tenant, "-o", "jsonpath={.status}"]);

test("with every rule the operator is ready, verifies, and writes the status of every object", options, async () => {
  await using operator = await startOperator(scene.plane, { kubeconfig });
  const report = await operator.cluster.core.verify(scene.signed, AbortSignal.timeout(30_000));
  assert.equal(report.verdict.outcome, "allow");
  for (const object of judgedObjects) await judged(scene.plane, object, { Ready: "True/Succeeded" });
  for (const [plural, name] of judgedObjects) {
    const own = plural === "authproviders" ? "secret" : name;
    await eventually(`the status of namespaced${plural}/${own}`, async () =>
      (await statusOf(`namespaced${plural}`, own)).includes('"Ready"'),
    );
  }
});

for (const role of operatorRoles) {
  for (const rule of role.rules) {
    const name = `${rule.verbs.join(", ")} ${rule.resources.join(", ")}`;
    if (rule.resources.includes("events")) continue; // below: nothing depends on it
    test(`without the right to ${name} it does not work, and says so; with it, it does again`, options, async (t) => {
      t.after(() => apply(scene.plane, role));
      await apply(scene.plane, without(role, rule));
      const [resource = ""] = rule.resources;
      const [verb = ""] = rule.verbs;
      const right = { verb, resource: groupOf(rule, resource), namespace: "countersign-system" };
      await inForce(right, "no");
      const reads = rule.verbs.includes("watch");
      const [plural = ""] = resource.split("/");
      const isTenants = plural.startsWith("namespaced");
      // What is read must be read before anything is served; what is written is missed only in the status.
      const started = await tryToStart(reads ? 3000 : 60_000);
      try {
        assert.equal(started.operator === undefined, reads);
        if (!reads)
          await apply(
            scene.plane,
            isTenants ? tenantStore("unwritten") : scene.store("unwritten", { authProviderRefs: [{ name: "reader" }] }),
          );
        await eventually("the refusal is logged", () =>
          /"status":403|cannot (list|watch|patch) resource/.test(started.log()) ? true : undefined,
        );
        if (!reads) {
          const report = await started.operator?.cluster.core.verify(scene.signed, AbortSignal.timeout(30_000));
          assert.equal(report?.verdict.outcome, "allow", "verdicts do not depend on statuses");
          assert.equal(await statusOf(plural, "unwritten"), '{"observedGeneration":-1}');
        }
      } finally {
        await started.operator?.[Symbol.asyncDispose]();
      }
      await apply(scene.plane, role);
      await inForce(right, "yes");
      await using again = await startOperator(scene.plane, { kubeconfig, readyWithinMs: 15_000 });
      assert.notEqual(again.cluster.core.holder.current, undefined);
      if (!reads) await eventually("the status", async () => (await statusOf(plural, "unwritten")).includes('"Ready"'));
    });
  }
}

test(
  "without the right to write events everything else works, statuses too, and the log says so; with it, they are told",
  options,
  async (t) => {
    const [role] = operatorRoles.filter(({ rules }) => rules.some(({ resources }) => resources.includes("events")));
    const rule = role?.rules.find(({ resources }) => resources.includes("events"));
    assert.ok(role !== undefined && rule !== undefined);
    t.after(() => apply(scene.plane, role));
    await apply(scene.plane, without(role, rule));
    const right = { verb: "create", resource: "events.events.k8s.io", namespace: "default" };
    await inForce(right, "no");
    const events = async (name: string): Promise<string> =>
      await scene.plane.kubectlOk([
        "get",
        "events",
        "--namespace",
        "default",
        "--field-selector",
        `involvedObject.name=${name}`,
        "-o",
        "name",
      ]);
    await using operator = await startOperator(scene.plane, { kubeconfig });
    await apply(scene.plane, scene.store("untold", { authProviderRefs: [{ name: "reader" }] }));
    await judged(scene.plane, ["stores", "untold"], { Ready: "True/Succeeded" });
    await eventually("the refusal is logged", () => operator.log().includes("an event could not be written"));
    assert.equal((await operator.cluster.core.verify(scene.signed, AbortSignal.timeout(30_000))).verdict.outcome, "allow");
    assert.equal(await events("untold"), "");
    await apply(scene.plane, role);
    await inForce(right, "yes");
    await apply(scene.plane, scene.store("told", { authProviderRefs: [{ name: "reader" }] }));
    await eventually("the event", async () => ((await events("told")) === "" ? undefined : true));
  },
);

for (const role of tenantRoles) {
  for (const rule of role.rules) {
    const [resource = ""] = rule.resources;
    const kind = { secrets: "Secret", configmaps: "ConfigMap", serviceaccounts: "ServiceAccount" }[resource] ?? "";
    test(`without a tenant's leave to read ${resource} everything else works; with it, they are read`, options, async (t) => {
      t.after(() => apply(scene.plane, role));
      await apply(scene.plane, without(role, rule));
      const right = { verb: "watch", resource, namespace: tenant };
      await inForce(right, "no");
      await using operator = await startOperator(scene.plane, { kubeconfig, readyWithinMs: 15_000 });
      const { source, core } = operator.cluster;
      assert.equal(source.denied(kind, tenant), "Forbidden");
      assert.equal((await core.verify(scene.signed, AbortSignal.timeout(30_000))).verdict.outcome, "allow");
      await apply(scene.plane, role);
      await inForce(right, "yes");
      await eventually(`${kind} of ${tenant}`, () => source.denied(kind, tenant) === undefined, 70_000);
    });
  }
}

test("the operator acts as its own ServiceAccount alone, uses every rule, and nothing beyond them", options, async () => {
  const requests = await operatorRequests(scene.plane);
  const users = new Set(requests.map(({ entry }) => entry.user.username));
  assert.deepEqual([...users], ["system:serviceaccount:countersign-system:countersign-operator"]);
  const used = new Set(
    requests.map(({ entry: { verb, objectRef } }) => {
      const { resource = "", subresource, namespace = "" } = objectRef ?? {};
      // What the ClusterRole grants everywhere is used in some namespace.
      const isOwn = resource.startsWith("namespaced") || resource === "namespaces" || resource === "events";
      return `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`} ${isOwn ? "" : namespace}`;
    }),
  );
  const granted = rights.map(({ resource, verb, namespace }) => `${verb} ${resource} ${namespace}`);
  assert.deepEqual(
    [...used].filter((right) => !granted.includes(right)),
    [],
  );
  // A server that cannot list by watch is asked for a list; this one can. An Event is patched when the same has happened again for five minutes.
  assert.deepEqual(
    granted.filter((right) => !used.has(right)),
    granted.filter((right) => right.startsWith("list ") || right.startsWith("patch events ")),
  );
});

test("the rules name no verb that writes but on statuses and events, no wildcard, and Secrets in single namespaces only", options, () => {
  const bindings = documents("rbac/binding.yaml") as readonly { readonly kind: string; readonly roleRef: { readonly name: string } }[];
  const everywhere = bindings.filter(({ kind }) => kind === "ClusterRoleBinding").map(({ roleRef }) => roleRef.name);
  for (const { role, resource, verb } of rights) {
    const writes = (verb === "patch" && resource.endsWith("/status")) || (["create", "patch"].includes(verb) && resource === "events");
    assert.equal(["list", "watch"].includes(verb) || writes, true, `${verb} ${resource}`);
    assert.equal(`${verb}${resource}`.includes("*"), false);
    if (!["secrets", "configmaps", "serviceaccounts"].includes(resource)) continue;
    assert.ok(
      role.metadata.namespace === "countersign-system" || !everywhere.includes(role.metadata.name),
      `${resource} of ${role.metadata.name}`,
    );
  }
});
