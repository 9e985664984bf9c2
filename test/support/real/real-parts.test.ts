import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findTools, type Tools } from "../../tools/build.ts";
import { createAuthority, loopback } from "../certificates.ts";
import { type Cosign, createCosign, type KeyType, keyTypes, type SignatureFormat, signatureFormats } from "./cosign.ts";
import { send } from "./http.ts";
import { pushImage } from "./image.ts";
import { type Registry, startDistribution, startOlareg } from "./registries.ts";
import { startTokenServer } from "./token-server.ts";

const found = await findTools();
const options = { skip: found === undefined && "THE REAL PARTS ARE MISSING: node test/tools/build.ts", timeout: 120_000 };
const tools = found as Tools; // every test that uses it is skipped without

const authority = createAuthority();
const tls = authority.issue(loopback);
const ca = authority.pem;
const credentials = { username: "alice", password: "correct horse: ü" };
const users = { [credentials.username]: credentials.password };
const repository = "acme/web";

let cosign: Cosign;
let plain: Registry;
let olareg: Registry;
before(async () => {
  if (found === undefined) return;
  [cosign, plain, olareg] = [await createCosign({ tools }), await startDistribution({ tools }), await startOlareg({ tools })];
});
after(async () => {
  cosign?.close();
  await plain?.close();
  await olareg?.close();
});

test("pushImage() makes the same digest from the same seed, everywhere", options, async () => {
  const first = await pushImage({ url: plain.url, repository }, { seed: "a", tag: "v1" });
  const second = await pushImage({ url: olareg.url, repository: "elsewhere" }, { seed: "a" });
  const other = await pushImage({ url: olareg.url, repository }, { seed: "b" });
  assert.equal(first.digest, second.digest);
  assert.notEqual(first.digest, other.digest);
  assert.equal(first.reference, `${plain.host}/acme/web@${first.digest}`);
  const response = await send(`${plain.url}/v2/${repository}/manifests/v1`, { headers: { accept: first.mediaType, "user-agent": "me" } });
  assert.equal(response.headers["docker-content-digest"], first.digest);
  assert.equal(response.body.length, first.size);
});

for (const name of ["plain", "olareg"] as const) {
  test(`${name}: logs requests, goes down and comes back with its data, and can be paused`, options, async () => {
    const registry = { plain, olareg }[name];
    const { digest, mediaType } = await pushImage({ url: registry.url, repository }, { seed: name });
    const path = `/v2/${repository}/manifests/${digest}`;
    const ask = async (userAgent: string): Promise<number> =>
      (await send(registry.url + path, { headers: { accept: mediaType, "user-agent": userAgent }, timeoutMs: 2_000 })).status;
    assert.equal(await ask("one"), 200);
    await registry.stop();
    await assert.rejects(ask("two"), { code: "ECONNREFUSED" });
    await registry.start();
    assert.equal(await ask("three"), 200);
    await registry.pause();
    await assert.rejects(ask("four"), { name: "AbortError" }).finally(() => registry.resume());
    assert.equal(await ask("five"), 200);
    const logged = (await registry.requests()).filter(
      ({ userAgent, url }) => url === path && ["one", "two", "three", "five"].includes(userAgent),
    );
    assert.deepEqual(
      logged.map(({ method, status, userAgent }) => [method, status, userAgent]),
      [
        ["GET", 200, "one"],
        ["GET", 200, "three"],
        ["GET", 200, "five"],
      ],
    );
  });
}

test("olareg answers 429 beyond its rate limit, and 404 for referrers without their API", options, async () => {
  await using registry = await startOlareg({ tools, rateLimit: 2, referrersApi: false });
  const path = `/v2/${repository}/referrers/sha256:${"0".repeat(64)}`;
  const answers = [];
  for (let count = 0; count < 4; count += 1) answers.push(await send(registry.url + path));
  assert.deepEqual(
    answers.slice(0, 2).map(({ status }) => status),
    [404, 404],
  );
  assert.deepEqual([answers[3]?.status, answers[3]?.headers["retry-after"]], [429, "1"]);
  assert.equal((await send(olareg.url + path)).status, 200);
});

test("distribution over TLS with htpasswd: images, signatures, and users that change without a restart", options, async () => {
  await using registry = await startDistribution({ tools, tls, auth: { type: "htpasswd", users } });
  assert.equal((await send(`${registry.url}/v2/`, { ca })).headers["www-authenticate"], 'Basic realm="test"');
  const image = await pushImage({ url: registry.url, repository, ca, credentials }, { seed: "a" });
  const key = await cosign.createKey();
  await cosign.sign(image.reference, { key, ca, credentials });
  const verified = await cosign.verify(image.reference, { key, ca, credentials });
  assert.equal(verified.code, 0, verified.stderr);
  assert.notEqual((await cosign.verify(image.reference, { key, ca })).code, 0);
  await registry.setUsers({ bob: "other" });
  const login = (user: string, password: string): Promise<number> =>
    send(`${registry.url}/v2/`, { ca, headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` } }).then(
      ({ status }) => status,
    );
  assert.deepEqual([await login(credentials.username, credentials.password), await login("bob", "other")], [401, 200]);
});

test("distribution over TLS with tokens: cosign and we get one, an anonymous client for public repositories only", options, async () => {
  await using server = await startTokenServer({ tls, users });
  await using registry = await startDistribution({ tools, tls, auth: { type: "token", server } });
  const image = await pushImage({ url: registry.url, repository, ca, credentials }, { seed: "a" });
  const key = await cosign.createKey("P-256");
  await cosign.sign(image.reference, { key, ca, credentials });
  const verified = await cosign.verify(image.reference, { key, ca, credentials });
  assert.equal(verified.code, 0, verified.stderr);
  assert.equal(
    server.requests.every(({ user, status }) => user === credentials.username && status === 200),
    true,
  );
  const count = server.requests.length;
  await assert.rejects(pushImage({ url: registry.url, repository, ca }, { seed: "a" }), /answered 401/);
  await assert.rejects(
    pushImage({ url: registry.url, repository, ca, credentials: { username: "alice", password: "wrong" } }, { seed: "a" }),
    /token server answered 401/,
  );
  assert.deepEqual(
    server.requests.slice(count).map(({ status, user }) => [status, user]),
    [
      [200, undefined],
      [401, undefined],
    ],
  );

  const form = (fields: Record<string, string>): Promise<number> => {
    const body = new URLSearchParams({
      service: server.service,
      client_id: "test",
      scope: `repository:${repository}:pull`,
      ...fields,
    }).toString();
    return send(server.realm, { method: "POST", body, ca, headers: { "content-type": "application/x-www-form-urlencoded" } }).then(
      ({ status }) => status,
    );
  };
  assert.equal(await form({ grant_type: "password", ...credentials }), 200);
  assert.equal(await form({ grant_type: "refresh_token", refresh_token: `${credentials.username}:${credentials.password}` }), 200);
  assert.equal(await form({ grant_type: "refresh_token", refresh_token: "alice:wrong" }), 401);
});

/** What cosign's own verify says; it cannot verify its Ed25519 signatures (it signs Ed25519ph and checks something else). */
const cosignVerifies = (type: KeyType): boolean => type !== "Ed25519";

for (const format of signatureFormats) {
  test(`cosign signs with every type of key as ${format}`, options, async () => {
    for (const type of keyTypes) {
      const { reference, key } = await signed(type, format);
      const verified = await cosign.verify(reference, { key, format, plainHttp: true });
      assert.equal(verified.code === 0, cosignVerifies(type), `${type}: ${verified.stderr}`);
      const stranger = await cosign.createKey(type);
      assert.notEqual((await cosign.verify(reference, { key: stranger, format, plainHttp: true })).code, 0, type);
    }
  });
}

async function signed(
  type: KeyType,
  format: SignatureFormat,
): Promise<{ reference: string; key: Awaited<ReturnType<Cosign["createKey"]>> }> {
  const registry = format === "legacy" ? plain : olareg;
  const { reference } = await pushImage({ url: registry.url, repository }, { seed: `${type} ${format}` });
  const key = await cosign.createKey(type);
  await cosign.sign(reference, { key, format, plainHttp: true });
  return { reference, key };
}

for (const format of ["legacy", "bundle"] as const) {
  test(`cosign attests a vulnerability report that says FAILED as ${format}`, options, async () => {
    const { reference } = await pushImage({ url: plain.url, repository }, { seed: `vuln ${format}` });
    const key = await cosign.createKey();
    const predicate = { invocation: {}, scanner: { uri: "scanner", version: "1", db: {}, result: { status: "FAILED" } }, metadata: {} };
    await cosign.attest(reference, { key, type: "vuln", predicate, format, plainHttp: true });
    const verified = await cosign.verifyAttestation(reference, { key, type: "vuln", plainHttp: true });
    assert.equal(verified.code, 0, verified.stderr);
  });
}

test("The parts of a test process that is killed end, and their scratch folders go", options, async () => {
  const script = `
    const { findTools } = await import(${JSON.stringify(import.meta.resolve("../../tools/build.ts"))});
    const { Part, createScratch, freePort } = await import(${JSON.stringify(import.meta.resolve("./part.ts"))});
    const scratch = createScratch("killed");
    const part = new Part({ name: "olareg", command: (await findTools()).olareg, scratch, isReady: async () => (await import("node:fs")).readFileSync(scratch + "/olareg.log", "utf8").includes("launching") });
    const port = await freePort();
    await part.start(["serve", "--addr=127.0.0.1", "--port=" + port, "--dir=" + scratch, "--verbosity=info"]);
    await part.pause();
    console.log(JSON.stringify({ port, scratch }));
    setInterval(() => {}, 1000);`;
  const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  const { port, scratch } = JSON.parse(line.toString()) as { port: number; scratch: string };
  assert.equal(existsSync(scratch), true);
  child.kill("SIGKILL");
  const deadline = Date.now() + 10_000;
  while (existsSync(scratch) && Date.now() < deadline) await sleep(50);
  assert.equal(existsSync(scratch), false);
  // Its pid may still be there, as a zombie that nobody collects; its port is not.
  await assert.rejects(send(`http://127.0.0.1:${port}/v2/`, { timeoutMs: 1_000 }), { code: "ECONNREFUSED" });
});
