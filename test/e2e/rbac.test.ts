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
const text = readFileSync(new URL("../../config/rbac/role.yaml", import.meta.url), "utf8");
const roles = parseAllDocuments(text).map((document) => document.toJS() as Role);
/** Every right by itself: a rule of two resources and two verbs is four. */
const rights = roles.flatMap((role) =>
  role.rules.flatMap((rule) => rule.resources.flatMap((resource) => rule.verbs.map((verb) => ({ role, resource, verb })))),
);

let scene: Scene;
let kubeconfig: string;

before(async () => {
  if (options.skip !== false) return;
  scene = await startScene();
  await apply(
    scene.plane,
    authProvider("reader", { registries: [scene.host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
    scene.store("app", { authProviderRefs: [{ name: "reader" }] }),
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
async function inForce(right: { readonly verb: string; readonly resource: string }, expected: "yes" | "no"): Promise<void> {
  const [resource = "", subresource] = right.resource.split("/");
  const args = ["auth", "can-i", right.verb, resource, "--namespace", "countersign-system"];
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

test("with every rule the operator is ready, verifies, and writes the status of every object", options, async () => {
  await using operator = await startOperator(scene.plane, { kubeconfig });
  const report = await operator.cluster.core.verify(scene.signed, AbortSignal.timeout(30_000));
  assert.equal(report.verdict.outcome, "allow");
  for (const object of [
    ["stores", "app"],
    ["authproviders", "reader"],
    ["verifiers", "release"],
    ["keyproviders", "release"],
  ] as const)
    await judged(scene.plane, object, { Ready: "True/Succeeded" });
});

for (const role of roles) {
  for (const rule of role.rules) {
    const name = `${rule.verbs.join(", ")} ${rule.resources.join(", ")}`;
    test(`without the right to ${name} it does not work, and says so; with it, it does again`, options, async (t) => {
      t.after(() => apply(scene.plane, role));
      await apply(scene.plane, without(role, rule));
      const [resource = ""] = rule.resources;
      const [verb = ""] = rule.verbs;
      const right = { verb, resource: groupOf(rule, resource) };
      await inForce(right, "no");
      const reads = rule.verbs.includes("watch");
      // What is read must be read before anything is served; what is written is missed only in the status.
      const started = await tryToStart(reads ? 3000 : 60_000);
      try {
        assert.equal(started.operator === undefined, reads);
        if (!reads) await apply(scene.plane, scene.store("unwritten", { authProviderRefs: [{ name: "reader" }] }));
        await eventually("the refusal is logged", () =>
          /"status":403|cannot (list|watch|patch) resource/.test(started.log()) ? true : undefined,
        );
        if (!reads) {
          const report = await started.operator?.cluster.core.verify(scene.signed, AbortSignal.timeout(30_000));
          assert.equal(report?.verdict.outcome, "allow", "verdicts do not depend on statuses");
          const status = await scene.plane.kubectlOk(["get", "stores.countersign.dev", "unwritten", "-o", "jsonpath={.status}"]);
          assert.equal(status, '{"observedGeneration":-1}');
        }
      } finally {
        await started.operator?.[Symbol.asyncDispose]();
      }
      await apply(scene.plane, role);
      await inForce(right, "yes");
      await using again = await startOperator(scene.plane, { kubeconfig, readyWithinMs: 15_000 });
      assert.notEqual(again.cluster.core.holder.current, undefined);
      if (!reads) await judged(scene.plane, ["stores", "unwritten"], { Ready: "True/Succeeded" });
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
      return `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`} ${namespace}`;
    }),
  );
  const granted = rights.map(({ role, resource, verb }) => `${verb} ${resource} ${role.metadata.namespace ?? ""}`);
  assert.deepEqual(
    [...used].filter((right) => !granted.includes(right)),
    [],
  );
  // A server that cannot list by watch is asked for a list; this one can.
  assert.deepEqual(
    granted.filter((right) => !used.has(right)),
    granted.filter((right) => right.startsWith("list ")),
  );
});

test("the rules name no verb that writes but on statuses, no wildcard, and Secrets in the own namespace only", options, () => {
  for (const { role, resource, verb } of rights) {
    assert.equal(["list", "watch"].includes(verb) || (verb === "patch" && resource.endsWith("/status")), true, `${verb} ${resource}`);
    assert.equal(`${verb}${resource}`.includes("*"), false);
    if (["secrets", "configmaps", "serviceaccounts"].includes(resource)) assert.equal(role.metadata.namespace, "countersign-system");
  }
});
