import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startRegistry } from "../support/registry.ts";
import { access, basic, canary, failureOf, get, never, ping, tls, transport } from "./fixture.ts";

const basicAuth = { kind: "basic", users: { alice: canary, bob: { password: "b", pull: ["team/b"] } } } as const;
const tokenAuth = { kind: "token", users: { alice: canary } } as const;

describe("Transport.send()", () => {
  it("reads a manifest without a credential", async () => {
    await using registry = await startRegistry({ tls });
    const image = registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const response = await client.send(get(access(registry.origin), "team/app", "manifests/1"), never);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("docker-content-digest"), image.digest);
    assert.equal(response.body.byteLength, image.size);
    assert.equal(response.sentAs, "anonymous");
  });

  it("learns the scheme once by /v2/ and then sends a password with every first request", async () => {
    await using registry = await startRegistry({ tls, auth: basicAuth });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const at = access(registry.origin, { credentials: [basic(registry.origin)] });
    for (let n = 0; n < 2; n += 1) assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).sentAs, "acr/alice");
    assert.deepEqual(
      registry.requests.map(({ path, status, authorization }) => [path, status, authorization !== undefined]),
      [
        ["/v2/", 401, false],
        ["/v2/team/app/manifests/1", 200, true],
        ["/v2/team/app/manifests/1", 200, true],
      ],
    );
  });

  it("exchanges a password for one token of its own repository, and uses it again", async () => {
    await using registry = await startRegistry({ tls, auth: { ...tokenAuth, scope: "repository:other/app:pull,push" } });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const at = access(registry.origin, { credentials: [basic(registry.origin)] });
    for (let n = 0; n < 2; n += 1) assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).status, 200);
    assert.deepEqual(
      registry.requests.map(({ method, path, status }) => `${method} ${path} ${status}`),
      [
        "GET /v2/ 401",
        "GET /token?service=test-registry&scope=repository%3Ateam%2Fapp%3Apull 200",
        "GET /v2/team/app/manifests/1 200",
        "GET /v2/team/app/manifests/1 200",
      ],
    );
  });

  it("says what was refused, of whom, and that nothing was sent", async () => {
    await using registry = await startRegistry({ tls, auth: basicAuth });
    await using client = transport();
    const wrong = access(registry.origin, { credentials: [basic(registry.origin, { password: "wrong" })] });
    assert.deepEqual((await failureOf(client.send(ping(wrong), never))).failure, {
      class: "AuthenticationFailed",
      message: `${registry.host}: refused the credential of AuthProvider/acr (401)`,
    });
    const note = 'sent without a credential: no AuthProvider matches mirror.acme.io (nearest pattern: "*.acme.com" of AuthProvider/acme)';
    assert.deepEqual((await failureOf(client.send(ping(access(registry.origin, { note })), never))).failure, {
      class: "AuthenticationFailed",
      message: `${registry.host}: refused (401); ${note}`,
    });
  });
});
