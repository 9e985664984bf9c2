import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Secret } from "../../src/kernel/secret.ts";
import type { BoundCredential } from "../../src/oci/credential.ts";
import { ManualClock } from "../support/clock.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import { access, basic, canary, failureOf, get, never, ping, tls, transport } from "./fixture.ts";

const auth = { kind: "token", users: { alice: canary, bob: "b" } } as const;
const tokens = (registry: TestRegistry): readonly string[] =>
  registry.requests.filter(({ isToken }) => isToken).map(({ method, path, body }) => `${method} ${path}${body === "" ? "" : ` ${body}`}`);
const refresh = (origin: string, more: Partial<BoundCredential> = {}): BoundCredential => {
  const { username: _none, ...rest } = basic(origin);
  return { ...rest, scheme: "refreshToken", secret: new Secret(canary), ...more };
};

describe("tokens of Transport.send()", () => {
  it("H7: asks for the repository in hand, whatever the challenge says, and sends the service as data", async () => {
    await using registry = await startRegistry({
      tls,
      auth: { ...auth, service: "x&scope=repository:evil:push#", scope: "repository:evil/app:pull,push registry:catalog:*" },
    });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    await client.send(get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1"), never);
    const [path = ""] = tokens(registry).map((line) => line.split(" ")[1]);
    const params = new URL(path, registry.origin).searchParams;
    assert.deepEqual(
      [...params],
      [
        ["service", "x&scope=repository:evil:push#"],
        ["scope", "repository:team/app:pull"],
      ],
    );
  });

  it("H7: replaces what the realm's own query asks for", async () => {
    await using registry = await startRegistry({ tls, auth });
    registry.pushImage("team/app", { tag: "1" });
    registry.setMode((request) => request.path.startsWith("/v2/") && request.headers.authorization === undefined, {
      kind: "status",
      status: 401,
      headers: {
        "www-authenticate": `Bearer realm="${registry.origin}/token?scope=repository:evil:push&scope=x&service=y&account=z",service="test-registry"`,
      },
    });
    await using client = transport();
    await client.send(get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1"), never);
    assert.deepEqual(tokens(registry), ["GET /token?service=test-registry&account=z&scope=repository%3Ateam%2Fapp%3Apull"]);
  });

  it("asks without a scope for /v2/", async () => {
    await using registry = await startRegistry({ tls, auth });
    await using client = transport();
    assert.equal((await client.send(ping(access(registry.origin, { credentials: [basic(registry.origin)] })), never)).status, 200);
    assert.deepEqual(tokens(registry), ["GET /token?service=test-registry"]);
  });

  it("gets a token without a credential where none is configured", async () => {
    await using registry = await startRegistry({ tls, auth: { ...auth, publicRepositories: ["public/app"] } });
    registry.pushImage("public/app", { tag: "1" });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const at = access(registry.origin, { note: "sent without a credential: no AuthProvider matches" });
    assert.equal((await client.send(get(at, "public/app", "manifests/1"), never)).sentAs, "anonymous");
    const error = await failureOf(client.send(get(at, "team/app", "manifests/1"), never));
    assert.deepEqual(error.failure, {
      class: "AuthenticationFailed",
      message: `${registry.host}: refused (401); sent without a credential: no AuthProvider matches`,
    });
    assert.ok(registry.requests.every(({ authorization }) => authorization === undefined || authorization.startsWith("Bearer token-")));
  });

  it("exchanges a refresh token by POST, and never falls to anonymous where POST is not taken", async () => {
    await using registry = await startRegistry({ tls, auth: { ...auth, refreshTokens: { [canary]: "alice" } } });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const at = access(registry.origin, { credentials: [refresh(registry.origin)] });
    assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).status, 200);
    assert.deepEqual(tokens(registry), [
      `POST /token grant_type=refresh_token&client_id=countersign&service=test-registry&scope=repository%3Ateam%2Fapp%3Apull&refresh_token=${canary}`,
    ]);
    registry.setMode((request) => request.method === "POST", { kind: "status", status: 405 });
    const other = get(at, "team/other", "manifests/1");
    assert.deepEqual((await failureOf(client.send(other, never))).failure, {
      class: "AuthenticationFailed",
      message: `${registry.host}: its token service does not exchange refresh tokens; for the credential of AuthProvider/acr`,
    });
    assert.equal(tokens(registry).length, 2);
  });

  for (const status of [400, 401, 404, 405])
    it(`falls back from POST to GET with its user on ${status}`, async () => {
      await using registry = await startRegistry({ tls, auth });
      registry.pushImage("team/app", { tag: "1" });
      registry.setMode((request) => request.method === "POST", { kind: "status", status });
      await using client = transport();
      const credential = refresh(registry.origin, { username: new Secret("alice") });
      const response = await client.send(get(access(registry.origin, { credentials: [credential] }), "team/app", "manifests/1"), never);
      assert.equal(response.status, 200);
      assert.deepEqual(
        tokens(registry).map((line) => line.slice(0, 4)),
        ["POST", "GET "],
      );
    });

  it("fetches one token however many ask", async () => {
    await using registry = await startRegistry({ tls, auth });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const at = access(registry.origin, { credentials: [basic(registry.origin)] });
    const barrier = registry.hold("/token");
    const all = Promise.all(Array.from({ length: 20 }, () => client.send(get(at, "team/app", "manifests/1"), never)));
    await barrier.arrived();
    barrier.release();
    assert.ok((await all).every(({ status }) => status === 200));
    assert.equal(tokens(registry).length, 1);
    assert.equal(registry.requests.filter(({ path }) => path === "/v2/").length, 1);
  });

  it("H14: renews a token that is refused, once, for everybody; a second 401 is final", async () => {
    await using registry = await startRegistry({ tls, auth });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const request = get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1");
    await client.send(request, never);
    registry.revokeTokens();
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.send(request, never)));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.ok(tokens(registry).length <= 3, "one for the first request, and hardly more than one for all eight");
    registry.setMode("/manifests/", {
      kind: "status",
      status: 401,
      headers: { "www-authenticate": `Bearer realm="${registry.origin}/token",service="test-registry"` },
    });
    const before = registry.requests.length;
    assert.equal((await failureOf(client.send(request, never))).class, "AuthenticationFailed");
    assert.deepEqual(
      registry.requests.slice(before).map(({ isToken }) => isToken),
      [false, true, false],
    );
  });

  for (const [status, message] of [
    [403, "Your authorization token has expired. Reauthenticate and try again."],
    [400, "Token is invalid"],
  ] as const)
    it(`H14 oras #1227: takes a ${status} that says so for a 401, once`, async () => {
      await using registry = await startRegistry({ tls, auth });
      registry.pushImage("team/app", { tag: "1" });
      await using client = transport();
      const request = get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1");
      await client.send(request, never);
      registry.setMode(
        "/manifests/",
        { kind: "status", status, body: JSON.stringify({ errors: [{ code: "DENIED", message }] }) },
        { times: 1 },
      );
      assert.equal((await client.send(request, never)).status, 200);
      assert.equal(tokens(registry).length, 2);
    });

  it("uses a token until shortly before it expires, and never after (ecr-login #679)", async () => {
    await using registry = await startRegistry({ tls, auth: { ...auth, expiresInSeconds: 300 } });
    registry.pushImage("team/app", { tag: "1" });
    const clock = new ManualClock();
    await using client = transport({ clock });
    const request = get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1");
    await client.send(request, never);
    await clock.advance(269_000);
    await client.send(request, never);
    assert.equal(tokens(registry).length, 1);
    await clock.advance(2000);
    registry.setMode("/token", { kind: "status", status: 503 });
    assert.equal((await failureOf(client.send(request, never))).class, "ServerError");
  });

  it("reads less than a minute as a minute", async () => {
    await using registry = await startRegistry({ tls, auth: { ...auth, expiresInSeconds: 1 } });
    registry.pushImage("team/app", { tag: "1" });
    const clock = new ManualClock();
    await using client = transport({ clock });
    const request = get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1");
    await client.send(request, never);
    await clock.advance(47_000);
    await client.send(request, never);
    assert.equal(tokens(registry).length, 1);
  });

  it("oras #1383: keeps tokens apart by credential, repository and secret", async () => {
    await using registry = await startRegistry({ tls, auth });
    registry.pushImage("team/app", { tag: "1" });
    registry.pushImage("team/other", { tag: "1" });
    await using client = transport();
    const alice = access(registry.origin, { credentials: [basic(registry.origin)], identity: "alice" });
    const bob = access(registry.origin, { credentials: [basic(registry.origin, { user: "bob", password: "b" })], identity: "bob" });
    const rotated = access(registry.origin, { credentials: [basic(registry.origin, { revision: "2" })], identity: "alice-2" });
    for (const at of [alice, bob, rotated, alice, bob, rotated])
      for (const name of ["team/app", "team/other"]) await client.send(get(at, name, "manifests/1"), never);
    assert.equal(tokens(registry).length, 6);
  });

  const hostile: readonly (readonly [string, Parameters<TestRegistry["setMode"]>[1], string])[] = [
    ["H6 ggcr #2193: a redirect to a metadata service", { kind: "redirect", location: "http://169.254.169.254/latest" }, "UnsafeEndpoint"],
    ["H6: a redirect to the registry itself", { kind: "redirect", location: "/token2" }, "UnsafeEndpoint"],
    ["H6: a body above 64 KiB", { kind: "bytes", body: JSON.stringify({ token: "x", pad: "y".repeat(70_000) }) }, "ProtocolError"],
    ["H6: a body without an end", { kind: "endless" }, "ProtocolError"],
    ["H6: HTML", { kind: "bytes", body: `<html>${canary}</html>` }, "ProtocolError"],
    ["H6: JSON without a token", { kind: "bytes", body: '{"error":"x"}' }, "ProtocolError"],
    ["H6: a token that would be two headers", { kind: "bytes", body: '{"token":"a\\r\\nX-Evil: 1"}' }, "ProtocolError"],
    ["a 401", { kind: "status", status: 401, body: canary }, "AuthenticationFailed"],
    ["a 403", { kind: "status", status: 403 }, "AuthorizationDenied"],
    ["a 404", { kind: "status", status: 404 }, "ProtocolError"],
    ["a 429", { kind: "status", status: 429, headers: { "retry-after": "60" } }, "RateLimited"],
    ["a 500", { kind: "status", status: 500 }, "ServerError"],
    ["a connection that is cut", { kind: "reset" }, "ConnectionReset"],
  ];
  for (const [name, mode, expected] of hostile)
    it(`token service answers ${name}: ${expected}, and no secret in it (H16)`, async () => {
      await using registry = await startRegistry({ tls, auth });
      registry.setMode("/token", mode);
      await using client = transport();
      const error = await failureOf(
        client.send(get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1"), never),
      );
      assert.equal(error.class, expected);
      assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(canary));
      assert.ok(
        error.message.startsWith(`${registry.host}: its token service `) || expected === "ConnectionReset" || expected === "ProtocolError",
      );
    });

  it("gives up on a token service that does not answer, after 5 s of the clock", async () => {
    await using registry = await startRegistry({ tls, auth });
    const clock = new ManualClock();
    await using client = transport({ clock });
    registry.setMode("/token", { kind: "hang" });
    const barrier = registry.hold("/token");
    barrier.release();
    const failed = failureOf(
      client.send(get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1"), never),
    );
    await barrier.arrived();
    await clock.advance(5000);
    assert.deepEqual((await failed).failure, { class: "Timeout", message: `${registry.host}: no answer within 5000 ms` });
  });

  it("asks a declared token host, which may be private, with the system's roots and not the registry's (H11)", async () => {
    await using registry = await startRegistry({ tls, auth: { ...auth, separate: true, realm: "https://gitlab.acme.io/jwt/auth" } });
    registry.pushImage("team/app", { tag: "1" });
    const tokenPort = Number(new URL(registry.tokenOrigin).port);
    const origin = "https://registry.acme.io";
    const network = virtualNetwork({
      "registry.acme.io": { address: "10.0.0.1", port: registry.port },
      "gitlab.acme.io": { address: "10.0.0.2", port: tokenPort },
    });
    await using client = transport({ network });
    const credentials = [basic(origin)];
    const declared = access(origin, { credentials, tokenHosts: ["gitlab.acme.io"] });
    assert.equal((await client.send(get(declared, "team/app", "manifests/1"), never)).status, 200);
    const undeclared = await failureOf(client.send(get(access(origin, { credentials }), "team/app", "manifests/1"), never));
    assert.deepEqual(undeclared.failure, {
      class: "UnsafeEndpoint",
      message:
        'registry.acme.io: the token service is on another host, "gitlab.acme.io", which tokenHosts does not declare for this registry',
    });
  });

  it("asks Docker Hub's own token service, but not in a private network", async () => {
    await using registry = await startRegistry({ tls, auth: { ...auth, separate: true, realm: "https://auth.docker.io/token" } });
    registry.pushImage("library/nginx", { tag: "1" });
    const tokenPort = Number(new URL(registry.tokenOrigin).port);
    const origin = "https://registry-1.docker.io";
    const request = get(access(origin, { credentials: [basic(origin)] }), "library/nginx", "manifests/1");
    await using honest = transport({
      network: virtualNetwork({ "registry-1.docker.io": { port: registry.port }, "auth.docker.io": { port: tokenPort } }),
    });
    assert.equal((await honest.send(request, never)).status, 200);
    await using rebound = transport({
      network: virtualNetwork({
        "registry-1.docker.io": { port: registry.port },
        "auth.docker.io": { address: "10.0.0.1", port: tokenPort },
      }),
    });
    assert.equal((await failureOf(rebound.send(request, never))).class, "UnsafeEndpoint");
  });
});
