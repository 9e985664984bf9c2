import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { selfSigned } from "../support/certificates.ts";
import { startRegistry } from "../support/registry.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import { access, basic, canary, failureOf, get, never, ping, tls, transport } from "./fixture.ts";

const origin = "https://registry.acme.io";

/** Those of registry-auth.md section 5 that are about HTTP and have no row in another file of this room; each of those names its own. */
describe("advisories", () => {
  it("CVE-2019-10214: a token service with a bad certificate gets no password, and is not asked in another way", async () => {
    const own = selfSigned({ dnsNames: ["gitlab.acme.io"] });
    await using registry = await startRegistry({
      tls,
      auth: { kind: "token", users: { alice: canary }, realm: "https://gitlab.acme.io/token" },
    });
    await using service = await startRegistry({ tls: { key: own.keyPem, cert: own.pem } });
    await using client = transport({
      network: virtualNetwork({ "registry.acme.io": { port: registry.port }, "gitlab.acme.io": { port: service.port } }),
    });
    const error = await failureOf(
      client.send(ping(access(origin, { credentials: [basic(origin)], tokenHosts: ["gitlab.acme.io"] })), never),
    );
    assert.deepEqual(error.failure, {
      class: "TLSFailure",
      message: "gitlab.acme.io: the certificate is signed by an authority that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)",
    });
    assert.equal(service.requests.length, 0);
  });

  it("CVE-2026-33540 GHSA-3p65-76g6-3w7r: a realm on another host gets no credential, also after the registry was honest for long", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "token", users: { alice: canary } } });
    registry.pushImage("team/app", { tag: "1" });
    await using evil = await startRegistry({ tls, auth: { kind: "token", users: { alice: canary } } });
    await using client = transport({
      network: virtualNetwork({ [`registry.acme.io:${registry.port}`]: { port: registry.port }, "evil.example": { port: evil.port } }),
    });
    const at = `${origin}:${registry.port}`;
    registry.setMode((request) => request.headers.authorization === undefined && request.path.startsWith("/v2/"), {
      kind: "status",
      status: 401,
      headers: { "www-authenticate": `Bearer realm="${at}/token",service="test-registry"` },
    });
    const request = get(access(at, { credentials: [basic(at)] }), "team/app", "manifests/1");
    assert.equal((await client.send(request, never)).status, 200);
    registry.setMode("/manifests/", {
      kind: "status",
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="https://evil.example/token",service="x"' },
    });
    assert.equal((await failureOf(client.send(request, never))).class, "UnsafeEndpoint");
    assert.equal(evil.requests.length, 0);
  });

  it("CVE-2026-24845: nothing of the machine's own credentials is ever used", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "basic", users: { alice: canary } } });
    const home = mkdtempSync(join(tmpdir(), "home-"));
    const auths = JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from(`alice:${canary}`).toString("base64") } } });
    writeFileSync(join(home, "config.json"), auths);
    writeFileSync(join(home, ".netrc"), `machine 127.0.0.1 login alice password ${canary}\n`);
    const before = { ...process.env };
    Object.assign(process.env, {
      HOME: home,
      DOCKER_CONFIG: home,
      REGISTRY_AUTH_FILE: join(home, "config.json"),
      HTTPS_PROXY: "http://127.0.0.1:1",
      https_proxy: "http://127.0.0.1:1",
    });
    try {
      await using client = transport();
      assert.equal((await failureOf(client.send(ping(access(registry.origin)), never))).class, "AuthenticationFailed");
      assert.ok(registry.requests.every(({ authorization }) => authorization === undefined));
    } finally {
      for (const name of ["HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "HTTPS_PROXY", "https_proxy"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      rmSync(home, { recursive: true });
    }
  });

  it("CVE-2026-33990 GHSA-x2f5-332j-9xwq: one function sends, one makes an authorization header, one makes connections", () => {
    const directory = new URL("../../src/transport/", import.meta.url);
    const users = (what: RegExp): readonly string[] =>
      readdirSync(directory).filter((name) => what.test(readFileSync(new URL(name, directory), "utf8")));
    assert.deepEqual(users(/\.request\(\{/), ["wire.ts"]);
    assert.deepEqual(users(/authorization: headerValue/), ["wire.ts"]);
    assert.deepEqual(users(/new Agent\(/), ["pools.ts"]);
    assert.deepEqual(users(/from "undici"/), ["connector.ts", "pools.ts", "wire.ts"]);
    assert.deepEqual(users(/\bfetch\(/), []);
  });

  it("H16: no way to print a request, a transport or a failure shows a secret", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "token", users: { alice: canary } } });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const request = get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1");
    const response = await client.send(request, never);
    registry.setMode("/manifests/", {
      kind: "status",
      status: 403,
      body: JSON.stringify({ errors: [{ code: "DENIED", message: canary }], canary }),
    });
    const error = await failureOf(client.send(request, never));
    const token =
      registry.requests.find(({ authorization }) => authorization?.startsWith("Bearer "))?.authorization?.slice(7) ?? "no token was used";
    for (const value of [request, response, client, error]) {
      const shown = `${inspect(value, { depth: 20, showHidden: true })}${JSON.stringify(value)}${value instanceof Error ? (value.stack ?? "") : ""}`;
      for (const secret of [canary, Buffer.from(`alice:${canary}`).toString("base64"), token]) assert.ok(!shown.includes(secret));
    }
  });
});
