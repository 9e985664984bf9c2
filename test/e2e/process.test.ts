import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { childEnvironment, type CommandResult, freePort, runCommand } from "../support/real/part.ts";
import { apply, authProvider, eventually, options } from "./fixture.ts";
import { judged, operatorRequests, type Scene, startScene } from "./scene.ts";

const command = fileURLToPath(new URL("../../bin/countersign", import.meta.url));
let scene: Scene;
let kubeconfig: string;

before(async () => {
  if (options.skip !== false) return;
  scene = await startScene();
  const kubernetesSecret = { secretRef: { name: "reader" } };
  await apply(
    scene.plane,
    authProvider("reader", { registries: [scene.host], type: "kubernetesSecret", kubernetesSecret }),
    scene.store("app", { authProviderRefs: [{ name: "reader" }] }),
  );
  kubeconfig = await scene.plane.kubeconfigForServiceAccount("countersign-system", "countersign-operator");
});
after(() => scene?.[Symbol.asyncDispose]());

/** A command that judges by the objects of the cluster. */
const countersign = (...args: readonly string[]): Promise<CommandResult> => runCommand(command, [...args, "--kubeconfig", kubeconfig]);

async function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string } | undefined> {
  const asking = request({ host: "127.0.0.1", port, path, agent: false }).end();
  try {
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
    return { status: response.statusCode ?? 0, body };
  } catch {
    return undefined; // nobody listens yet, or any more
  }
}

test("countersign serve becomes ready, tells its health, writes statuses, and ends with 0 on SIGTERM", options, async () => {
  const port = await freePort();
  const args = ["serve", "--kubeconfig", kubeconfig, "--health-port", String(port)];
  const child = spawn(command, args, { env: childEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (chunk: string) => (text[stream] += chunk));
  try {
    await eventually("/readyz is 200", async () => ((await get(port, "/readyz"))?.status === 200 ? true : undefined));
    assert.equal((await get(port, "/healthz"))?.status, 200);
    await judged(scene.plane, ["stores", "app"], { Ready: "True/Succeeded" });
    await judged(scene.plane, ["verifiers", "release"], { Ready: "True/Succeeded" });
    const metrics = (await get(port, "/metrics"))?.body ?? "";
    for (const name of [
      "controller_runtime_reconcile_total",
      "controller_runtime_reconcile_errors_total",
      "controller_runtime_reconcile_time_seconds_bucket",
      "controller_runtime_max_concurrent_reconciles",
      "workqueue_depth",
      "workqueue_adds_total",
      "rest_client_requests_total",
    ])
      assert.match(metrics, new RegExp(`^${name}\\{`, "m"), name);
    assert.match(metrics, /^controller_runtime_reconcile_total\{[^}]*result="success"[^}]*\} [1-9]/m);
  } finally {
    child.kill("SIGTERM");
  }
  const [code, signal] = (await Promise.race([ended, once(AbortSignal.timeout(10_000), "abort").then(() => ["still there"])])) as unknown[];
  child.kill("SIGKILL");
  assert.deepEqual([code, signal], [0, null], text.stderr);
  assert.equal(await get(port, "/healthz"), undefined);

  const lines = text.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const written = lines.filter(({ msg, message }) => (msg ?? message) === "status written");
  assert.deepEqual(
    new Set(written.map(({ object }) => object)),
    new Set(["Store/app", "AuthProvider/reader", "Verifier/release", "KeyProvider/release"]),
  );
  for (const { reconcileID } of written) assert.match(String(reconcileID), /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  assert.equal(lines.at(-1)?.["msg"] ?? lines.at(-1)?.["message"], "stopped");
  assert.equal(text.stderr, "");
  assert.equal(text.stdout.includes("canary-password"), false);
});

test("countersign serve that cannot reach its API server stays alive, live and unready, and ends with 0 on SIGTERM", options, async () => {
  const port = await freePort();
  const nobody = await freePort();
  const config = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "test" },
    clusters: [{ name: "test", cluster: { server: `https://127.0.0.1:${nobody}` } }],
    users: [{ name: "test", user: { token: "none" } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
  };
  await using folder = await mkdtempDisposable(join(tmpdir(), "countersign-process-"));
  const path = join(folder.path, "kubeconfig");
  await writeFile(path, JSON.stringify(config));
  const child = spawn(command, ["serve", "--kubeconfig", path, "--health-port", String(port)], {
    env: childEnvironment(),
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  try {
    await eventually("/healthz is 200", async () => ((await get(port, "/healthz"))?.status === 200 ? true : undefined));
    const ready = await get(port, "/readyz");
    assert.equal(ready?.status, 503);
    assert.match(ready.body, /has not been listed/);
  } finally {
    child.kill("SIGTERM");
  }
  const [code, signal] = (await Promise.race([ended, once(AbortSignal.timeout(10_000), "abort").then(() => ["still there"])])) as unknown[];
  child.kill("SIGKILL");
  assert.deepEqual([code, signal], [0, null]);
});

test("countersign verify judges by the cluster's objects: 0 allow, 1 deny, 2 inconclusive, 64 usage", options, async () => {
  const { signed, unsigned, plane, host } = scene;
  const allow = await countersign("verify", signed, "-o", "json");
  assert.equal(allow.code, 0, allow.stderr);
  const report = JSON.parse(allow.stdout) as { verdict: string; artifacts: { readFrom: string }[] };
  assert.deepEqual([report.verdict, report.artifacts.map(({ readFrom }) => readFrom)], ["allow", ["app"]]);
  const deny = await countersign("verify", unsigned, "-o", "json");
  assert.equal(deny.code, 1, deny.stderr);
  // Nobody was asked about blind/: what might be there is not known.
  await apply(plane, scene.store("blind", { scopes: [`${host}/blind`], authProviderRefs: [{ name: "missing" }] }));
  const blind = unsigned.replace("/private/", "/blind/");
  const inconclusive = await countersign("verify", blind);
  assert.equal(inconclusive.code, 2, `${inconclusive.stdout}${inconclusive.stderr}`);
  assert.equal((await countersign("verify", signed, blind)).code, 2, "one doubt is enough");
  assert.equal((await countersign("verify", signed, blind, unsigned)).code, 1, "and a denial weighs more");
  await plane.kubectlOk(["delete", "stores.countersign.dev", "blind"]);
  const nowhere = await countersign("verify", "registry.example.com/a@" + (signed.split("@")[1] ?? ""));
  assert.equal(nowhere.code, 1, "no Store is asked about it");
  assert.equal((await countersign("verify", "Not A Reference")).code, 64);
});

test("countersign get stores prints what kubectl does", options, async () => {
  const ours = await countersign("get", "stores");
  assert.equal(ours.code, 0, ours.stderr);
  const theirs = await scene.plane.kubectlOk(["get", "stores.countersign.dev"]);
  const cells = (table: string): readonly (readonly string[])[] =>
    table
      .trimEnd()
      .split("\n")
      .map((line) =>
        line
          .trim()
          .split(/ {2,}/)
          .map((cell) => cell.replace(/^\d+s$/, "age")),
      );
  assert.deepEqual(cells(ours.stdout), cells(theirs));
  assert.equal((await countersign("get", "stores", "app")).code, 0);
  assert.equal((await countersign("get", "stores", "none")).code, 1);
  assert.equal((await countersign("get", "shops")).code, 64);
});

test("countersign explain and check speak of the cluster's objects, and ask no registry", options, async () => {
  const asked = (await scene.registry.requests()).length;
  const explained = await countersign("explain", scene.signed, "-o", "json");
  assert.equal(explained.code, 0, explained.stderr);
  const [{ stores }] = JSON.parse(explained.stdout) as [
    { stores: { name: string; asked: boolean; outcome?: string; authProvider?: object }[] },
  ];
  assert.deepEqual(
    stores.map(({ name, asked: isAsked, outcome, authProvider }) => ({ name, isAsked, outcome, authProvider })),
    [{ name: "app", isAsked: true, outcome: "Selected", authProvider: { name: "reader", pattern: scene.host } }],
  );
  const checked = await countersign("check", "-o", "json");
  assert.equal(checked.code, 0, checked.stderr);
  const rows = JSON.parse(checked.stdout) as { kind: string; name: string; accepted: boolean }[];
  assert.deepEqual(rows.map(({ kind, name, accepted }) => `${kind}/${name} ${accepted}`).toSorted(), [
    "AuthProvider/reader true",
    "KeyProvider/release true",
    "Store/app true",
    "Verifier/release true",
  ]);
  assert.equal((await scene.registry.requests()).length, asked);
});

test("a command that is given an unusable cluster says so and never exits 0", options, async () => {
  const missing = await runCommand(command, ["verify", scene.signed, "--kubeconfig", `${kubeconfig}.none`]);
  assert.equal(missing.code, 64, missing.stderr);
  assert.match(missing.stderr, /kubeconfig/);
  const stranger = await scene.plane.kubeconfigForUser("stranger");
  const refused = await runCommand(command, ["verify", scene.signed, "--kubeconfig", stranger, "--timeout", "10s"]);
  assert.equal(refused.code, 64, `${refused.stdout}${refused.stderr}`);
  assert.match(refused.stderr, /CLUSTER_REFUSED.*\nbecause: .*User "stranger" cannot (list|watch) resource/);
});

test("no command writes to the cluster: the operator's own ServiceAccount wrote, statuses and events alone", options, async () => {
  const changes = (await operatorRequests(scene.plane)).filter(({ text }) => !/^(watch|watchlist|list) /.test(text));
  assert.deepEqual(changes.map(({ text }) => text).toSorted(), [
    "create events app",
    "create events reader",
    "create events release",
    "create events release",
    "patch authproviders/status reader",
    "patch keyproviders/status release",
    "patch stores/status app",
    "patch verifiers/status release",
  ]);
});

test("countersign serve --apply-crds refuses a directory of which a file does not parse, and applies nothing of it", options, async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "countersign-crds-"));
  const good = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "half-applied", namespace: "default" } };
  await writeFile(join(directory.path, "a.yaml"), JSON.stringify(good));
  await writeFile(join(directory.path, "b.yaml"), "kind: [unclosed\n");
  const args = ["serve", "--health-port", "0", "--apply-crds", directory.path, "--kubeconfig", scene.plane.adminKubeconfig];
  const { code, stderr } = await runCommand(command, args);
  assert.equal(code, 64, stderr);
  assert.match(stderr, /"b\.yaml" in ".*": \d+:\d+: /);
  assert.notEqual((await scene.plane.kubectl(["get", "configmap", "half-applied"])).code, 0);
});
