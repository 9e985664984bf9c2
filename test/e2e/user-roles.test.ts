import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { kindTable } from "../../src/api/kinds.ts";
import { kinds, resourceKind } from "../../src/api/object.ts";
import { accepted, object } from "../api/objects.ts";
import { eventually } from "./fixture.ts";
import { type ControlPlane, startControlPlane } from "../support/real/control-plane.ts";
import { findTools } from "../tools/build.ts";

const tools = await findTools();
const options = { skip: tools === undefined && "THE REAL PARTS ARE MISSING: node test/tools/build.ts", timeout: 120_000 };
const root = new URL("../../", import.meta.url).pathname;

let plane: ControlPlane;
let kubeconfig: string;
before(async () => {
  if (tools === undefined) return;
  plane = await startControlPlane({ tools });
  await plane.kubectlOk(["apply", "-k", `${root}config/crd`]);
  await plane.kubectlOk(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
  await plane.kubectlOk(["apply", "-f", `${root}config/rbac/users.yaml`]);
  for (const name of ["team-a", "team-b"]) await plane.kubectlOk(["create", "namespace", name]);
  // There is no controller here that aggregates: what `edit` in a namespace comes to is bound by itself.
  await plane.kubectlOk(["create", "rolebinding", "editors", "-n", "team-a", "--clusterrole=countersign-namespaced-editor", "--user=jane"]);
  kubeconfig = await plane.kubeconfigForUser("jane");
  // The authorizer reads roles and bindings by a watch of its own.
  await eventually(
    "the binding is in force",
    async () =>
      (await plane.kubectl(["auth", "can-i", "create", "namespacedstores.countersign.dev", "-n", "team-a"], { kubeconfig })).code === 0,
  );
});
after(() => plane?.stop());

/** `created`, or what kubectl says instead. */
async function create(body: object): Promise<string> {
  const { code, stderr } = await plane.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(body), kubeconfig });
  return code === 0 ? "created" : stderr;
}

for (const kind of kinds) {
  const twin = resourceKind(kind, "team-a");
  const body = object(twin, Object.values(accepted[twin])[0]);
  test(`a tenant's editor writes a ${twin} in its own namespace, and none in another`, options, async () => {
    assert.equal(await create(body), "created");
    assert.match(await create({ ...body, metadata: { name: "sample", namespace: "team-b" } }), /Forbidden|forbidden/);
  });
  test(`a tenant's editor neither writes a ${kind} nor reads one`, options, async () => {
    assert.match(await create(object(kind, Object.values(accepted[kind])[0])), /Forbidden|forbidden/);
    const read = await plane.kubectl(["get", `${kindTable[kind].plural}.countersign.dev`], { kubeconfig });
    assert.match(read.stderr, /Forbidden|forbidden/);
  });
  test(`a tenant's editor cannot write the status of a ${twin}`, options, async () => {
    const patch = ["patch", `${kindTable[twin].plural}.countersign.dev`, "sample", "-n", "team-a", "--subresource=status", "--type=merge"];
    const { stderr } = await plane.kubectl([...patch, "-p", '{"status":{"observedGeneration":1}}'], { kubeconfig });
    assert.match(stderr, /Forbidden|forbidden/);
  });
}
