import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { findTools } from "../../tools/build.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { send } from "./http.ts";

const tools = await findTools();
const options = { skip: tools === undefined && "THE REAL PARTS ARE MISSING: node test/tools/build.ts", timeout: 120_000 };

let plane: ControlPlane;
before(async () => {
  if (tools !== undefined) plane = await startControlPlane({ tools });
});
after(() => plane?.stop());

test("kubectl works as admin, and the audit log tells what it did", options, async () => {
  await plane.kubectlOk(["create", "namespace", "first"]);
  const created = await plane.kubectl(["apply", "-f", "-"], {
    stdin: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "one", namespace: "first" }, data: { a: "b" } }),
  });
  assert.equal(created.stdout, "configmap/one created\n", created.stderr);
  const refused = await plane.kubectl(["get", "configmap", "two", "-n", "first"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /not found/);
  const mine = (await plane.auditEntries()).filter(
    (entry) => entry.objectRef?.resource === "configmaps" && entry.user.username === "admin",
  );
  assert.deepEqual(
    mine.map((entry) => [entry.verb, entry.objectRef?.name, entry.responseStatus?.code]),
    [
      ["get", "one", 404],
      ["create", "one", 201],
      ["get", "two", 404],
    ],
  );
});

test("A ServiceAccount and a user may do what RBAC allows and nothing else, and nobody is anonymous", options, async () => {
  await plane.kubectlOk(["create", "namespace", "second"]);
  await plane.kubectlOk(["create", "serviceaccount", "operator", "-n", "second"]);
  await plane.kubectlOk(["create", "role", "reader", "-n", "second", "--verb=list", "--resource=secrets"]);
  await plane.kubectlOk([
    "create",
    "rolebinding",
    "reader",
    "-n",
    "second",
    "--role=reader",
    "--serviceaccount=second:operator",
    "--group=ops",
  ]);
  for (const kubeconfig of [await plane.kubeconfigForServiceAccount("second", "operator"), await plane.kubeconfigForUser("op", ["ops"])]) {
    assert.equal((await plane.kubectl(["get", "secrets", "-n", "second"], { kubeconfig })).code, 0);
    assert.match((await plane.kubectl(["get", "secrets", "-n", "default"], { kubeconfig })).stderr, /forbidden/);
  }
  const users = (await plane.auditEntries())
    .filter((entry) => entry.verb === "list" && entry.objectRef?.resource === "secrets")
    .map((entry) => entry.user.username);
  assert.deepEqual(
    new Set(users.filter((user) => !user.startsWith("system:apiserver"))),
    new Set(["system:serviceaccount:second:operator", "op"]),
  );
  assert.equal((await send(`${plane.apiServerUrl}/api`, { ca: plane.caPem })).status, 401);
});

test("The API server restarts on the same port with the same data, also with other flags", options, async () => {
  await plane.kubectlOk(["create", "namespace", "third"]);
  await plane.restartApiServer(["--watch-cache=false"], "SIGKILL");
  assert.equal(await plane.kubectlOk(["get", "namespace", "third", "-o", "name"]), "namespace/third\n");
  await plane.restartApiServer();
  assert.equal(await plane.kubectlOk(["get", "namespace", "third", "-o", "name"]), "namespace/third\n");
});

test("A paused API server does not answer, one without etcd answers from its cache only", options, async () => {
  await plane.pauseApiServer();
  const unanswered = send(`${plane.apiServerUrl}/livez`, { ca: plane.caPem, timeoutMs: 500 });
  await assert.rejects(unanswered, { name: "AbortError" }).finally(() => plane.resumeApiServer());
  assert.equal(await plane.kubectlOk(["get", "--raw", "/livez"]), "ok");
  await plane.pauseEtcd();
  try {
    const cached = await plane.kubectl(["get", "--raw", "/api/v1/namespaces?resourceVersion=0", "--request-timeout=3s"]);
    assert.equal(cached.code, 0, cached.stderr);
    assert.notEqual((await plane.kubectl(["create", "namespace", "never", "--request-timeout=1s"])).code, 0);
  } finally {
    plane.resumeEtcd();
  }
  await plane.kubectlOk(["create", "namespace", "after"]);
});

test("A flag that the API server does not know fails the start with its own words, and leaves nothing running", options, async () => {
  if (tools === undefined) return;
  await assert.rejects(
    startControlPlane({ tools, flags: ["--no-such-flag"] }),
    /kube-apiserver ended before it was ready[\s\S]*unknown flag/,
  );
});

test("stop() removes everything", options, async () => {
  if (tools === undefined) return;
  const other = await startControlPlane({ tools });
  assert.equal(existsSync(other.adminKubeconfig), true);
  await other.stop();
  assert.equal(existsSync(other.adminKubeconfig), false);
  await assert.rejects(send(`${other.apiServerUrl}/livez`), { code: "ECONNREFUSED" });
});
