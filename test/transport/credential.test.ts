import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../../src/kernel/secret.ts";
import { createAuthority } from "../support/certificates.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import { access, basic, canary, failureOf, get, never, ping, tls, transport } from "./fixture.ts";

const users = { alice: { password: canary, pull: ["team-a/app"] }, bob: { password: "b", pull: ["team-b/app"] } } as const;
const users3 = (registry: TestRegistry): readonly string[] =>
  registry.requests
    .filter(({ path, authorization }) => path.includes("/manifests/") && authorization !== undefined)
    .map(
      ({ authorization }) =>
        Buffer.from(authorization?.slice(6) ?? "", "base64")
          .toString()
          .split(":")[0] ?? "",
    );

describe("credentials of Transport.send()", () => {
  it("tries several in their order on 401 and 403, and remembers which one a repository took", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "basic", users } });
    registry.pushImage("team-b/app", { tag: "1" });
    await using client = transport();
    const credentials = [
      basic(registry.origin, { user: "mallory", password: "wrong" }),
      basic(registry.origin),
      basic(registry.origin, { user: "bob", password: "b" }),
    ];
    const request = get(access(registry.origin, { credentials }), "team-b/app", "manifests/1");
    assert.equal((await client.send(request, never)).sentAs, "acr/bob");
    assert.equal((await client.send(request, never)).sentAs, "acr/bob");
    assert.deepEqual(users3(registry), ["mallory", "alice", "bob", "bob"]);
  });

  it("tries three and no more, and never without one after them", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "basic", users } });
    await using client = transport();
    const credentials = ["a", "b", "c", "d"].map((user) => basic(registry.origin, { user, password: "wrong", provider: user }));
    const error = await failureOf(client.send(get(access(registry.origin, { credentials }), "team-b/app", "manifests/1"), never));
    assert.deepEqual(error.failure, {
      class: "AuthenticationFailed",
      message: `${registry.host}: refused the credential of AuthProvider/c (401)`,
    });
    assert.deepEqual(users3(registry), ["a", "b", "c"]);
    assert.ok(registry.requests.every(({ path, authorization }) => path === "/v2/" || authorization !== undefined));
  });

  it("does not try the next on anything but a refusal", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "basic", users: { alice: canary, bob: "b" } } });
    registry.setMode("/manifests/", { kind: "status", status: 500 });
    await using client = transport();
    const credentials = [basic(registry.origin), basic(registry.origin, { user: "bob", password: "b" })];
    assert.equal(
      (await failureOf(client.send(get(access(registry.origin, { credentials }), "a", "manifests/1"), never))).class,
      "ServerError",
    );
    assert.deepEqual(users3(registry), ["alice"]);
  });

  it("says that a credential is good but may not read", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "basic", users } });
    await using client = transport();
    const error = await failureOf(
      client.send(get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team-b/app", "manifests/1"), never),
    );
    assert.deepEqual(error.failure, {
      class: "AuthorizationDenied",
      message: `${registry.host}: the credential of AuthProvider/acr may not do this (403)`,
    });
  });

  it("sends a registry token as it is, and no token where a password is wanted", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage("team/app", { tag: "1" });
    const handle = registry.setMode((request) => request.headers.authorization === undefined, {
      kind: "status",
      status: 401,
      headers: { "www-authenticate": `Bearer realm="${registry.origin}/token"` },
    });
    const { username: _none, ...rest } = basic(registry.origin);
    const request = get(
      access(registry.origin, { credentials: [{ ...rest, scheme: "bearer", secret: new Secret("raw-token") }] }),
      "team/app",
      "manifests/1",
    );
    await using client = transport();
    assert.equal((await client.send(request, never)).status, 200);
    assert.deepEqual(
      registry.requests.map(({ path, authorization }) => [path, authorization]),
      [
        ["/v2/", undefined],
        ["/v2/team/app/manifests/1", "Bearer raw-token"],
      ],
    );
    handle.remove();
    registry.setMode("/v2/", { kind: "status", status: 401, headers: { "www-authenticate": 'Basic realm="r"' } });
    await using other = transport();
    const error = await failureOf(other.send(request, never));
    assert.deepEqual(error.failure, {
      class: "AuthenticationFailed",
      message: `${registry.host}: wants a user and a password, and the credential of AuthProvider/acr is a token`,
    });
    assert.ok(!registry.requests.some(({ authorization }) => authorization?.startsWith("Basic")));
  });

  it("sends nothing to a registry that asks for nothing", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    for (let n = 0; n < 2; n += 1) {
      const response = await client.send(
        get(access(registry.origin, { credentials: [basic(registry.origin)] }), "team/app", "manifests/1"),
        never,
      );
      assert.equal(response.sentAs, "anonymous");
    }
    assert.equal(registry.requests.length, 3);
    assert.ok(registry.requests.every(({ authorization }) => authorization === undefined));
  });

  it("follows a registry that changes its mind from Basic to Bearer", async () => {
    const basicRegistry = await startRegistry({ tls, auth: { kind: "basic", users: { alice: canary } } });
    basicRegistry.pushImage("team/app", { tag: "1" });
    await using client = transport();
    const request = get(access(basicRegistry.origin, { credentials: [basic(basicRegistry.origin)] }), "team/app", "manifests/1");
    await client.send(request, never);
    await basicRegistry.stop();
    await using registry = await startRegistry({ tls, port: basicRegistry.port, auth: { kind: "token", users: { alice: canary } } });
    registry.pushImage("team/app", { tag: "1" });
    assert.equal((await client.send(request, never)).status, 200);
  });

  it("H1: a credential of another origin, or of another path, leaves with nothing", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "basic", users: { alice: canary } } });
    await using client = transport();
    const rows = [
      basic("https://registry.acme.io"),
      basic(registry.origin.replace("https", "http")),
      basic(registry.origin, { pathPrefixes: ["/v2/team-b/"] }),
      basic(registry.origin, { pathPrefixes: ["/v2/team/app"] }),
    ];
    for (const credential of rows) {
      const error = await failureOf(
        client.send(get(access(registry.origin, { credentials: [credential] }), "team/app", "manifests/1"), never),
      );
      assert.equal(error.class, "Internal");
    }
    assert.ok(registry.requests.every(({ authorization }) => authorization === undefined));
  });

  for (const reason of ["line break", "NUL", "not ASCII"])
    it(`a token with a ${reason} in it leaves with nothing, and is not shown`, async () => {
      await using registry = await startRegistry({ tls, auth: { kind: "token", users: {} } });
      await using client = transport();
      const text = { "line break": `${canary}\r\nX-Evil: 1`, NUL: `${canary}\0`, "not ASCII": `${canary}é` }[reason] ?? "";
      const error = await failureOf(
        client.send(
          ping(access(registry.origin, { credentials: [{ ...basic(registry.origin), scheme: "bearer", secret: new Secret(text) }] })),
          never,
        ),
      );
      assert.equal(error.class, "Internal");
      assert.ok(!error.message.includes(canary));
      assert.deepEqual(
        registry.requests.map(({ authorization }) => authorization),
        [undefined],
      );
    });

  it("oras #1383 #1430 #1376: two credentials on one host, mixed 200 times: each path sees its own and no other", async () => {
    const pairs = { alice: { password: canary, pull: ["team-a/app"] }, bob: { password: "b", pull: ["team-b/app"] } };
    await using registry = await startRegistry({ tls, auth: { kind: "token", users: pairs, scope: "repository:team-b/app:pull" } });
    registry.pushImage("team-a/app", { tag: "1" });
    registry.pushImage("team-b/app", { tag: "1" });
    await using client = transport();
    const a = access(registry.origin, { credentials: [basic(registry.origin, { pathPrefixes: ["/v2/team-a/"] })], identity: "alice" });
    const b = access(registry.origin, {
      credentials: [basic(registry.origin, { user: "bob", password: "b", pathPrefixes: ["/v2/team-b/"] })],
      identity: "bob",
    });
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        client.send(n % 2 === 0 ? get(a, "team-a/app", "manifests/1") : get(b, "team-b/app", "manifests/1"), never),
      ),
    );
    assert.ok(responses.every(({ status, sentAs }, n) => status === 200 && sentAs === (n % 2 === 0 ? "acr/alice" : "acr/bob")));
    const sent = (team: string): ReadonlySet<string | undefined> =>
      new Set(registry.requests.filter(({ path }) => path.startsWith(`/v2/${team}/`)).map(({ authorization }) => authorization));
    assert.equal(sent("team-a").size, 1);
    assert.equal(sent("team-b").size, 1);
    assert.notDeepEqual(sent("team-a"), sent("team-b"));
  });

  it("H11: a CA bundle counts for its own origin, and for nobody that it sends us to", async () => {
    const own = createAuthority({ commonName: "acme" });
    const leaf = own.issue({ dnsNames: ["registry.acme.io", "storage.acme.io", "gitlab.acme.io"] });
    const certificate = { key: leaf.keyPem, cert: leaf.pem };
    await using registry = await startRegistry({ tls: certificate });
    await using other = await startRegistry({ tls: certificate });
    registry.pushImage("team/app", { tag: "1" });
    const network = virtualNetwork({
      "registry.acme.io": { port: registry.port },
      "storage.acme.io": { port: other.port },
      "gitlab.acme.io": { port: other.port },
    });
    await using client = transport({ network });
    const at = access("https://registry.acme.io", { caPem: own.pem, tokenHosts: ["gitlab.acme.io"] });
    const { caPem: _none, ...bare } = at;
    assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).status, 200);
    assert.equal((await failureOf(client.send(get(bare, "team/app", "manifests/1"), never))).class, "TLSFailure");
    registry.setMode("/blobs/", { kind: "redirect", location: "https://storage.acme.io/x" });
    assert.equal((await failureOf(client.send(get(at, "team/app", "blobs/x"), never))).class, "TLSFailure");
    registry.setMode("/v2/", {
      kind: "status",
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="https://gitlab.acme.io/token"' },
    });
    assert.equal((await failureOf(client.send(get(at, "team/app", "manifests/1"), never))).class, "TLSFailure");
    assert.equal(other.requests.length, 0);
  });

  it("H9: an address that only an image names may not lie in a private network", async () => {
    await using registry = await startRegistry({ tls });
    await using client = transport({ network: virtualNetwork({ "registry.acme.io": { address: "10.0.0.1", port: registry.port } }) });
    for (const origin of ["https://registry.acme.io", `https://127.0.0.1:${registry.port}`]) {
      assert.equal((await failureOf(client.send(ping(access(origin, { reach: "public" })), never))).class, "UnsafeEndpoint");
    }
    for (const origin of ["https://169.254.169.254", "https://[fe80::1]", "https://0.0.0.0", "https://[::ffff:169.254.169.254]"])
      assert.equal((await failureOf(client.send(ping(access(origin)), never))).class, "UnsafeEndpoint");
    assert.equal(registry.requests.length, 0);
  });

  it("H10: plain http only where the origin says so, and never instead of https", async () => {
    await using plain = await startRegistry();
    plain.pushImage("team/app", { tag: "1" });
    await using client = transport();
    assert.equal((await client.send(get(access(plain.origin), "team/app", "manifests/1"), never)).status, 200);
    const { length } = plain.requests;
    const error = await failureOf(client.send(get(access(plain.origin.replace("http:", "https:")), "team/app", "manifests/1"), never));
    assert.equal(error.class, "TLSFailure");
    assert.equal(plain.requests.length, length);
  });

  it("H12: sends the host of the origin, and no header but its own", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage("team/app", { tag: "1" });
    await using client = transport({ userAgent: "countersign/1" });
    await client.send(get(access(registry.origin), "team/app", "manifests/1", { accept: ["a/b", "c/d"] }), never);
    assert.deepEqual(registry.requests[0]?.headers, {
      host: registry.host,
      connection: "keep-alive",
      "user-agent": "countersign/1",
      "accept-encoding": "identity",
      accept: "a/b, c/d",
    });
  });
});
