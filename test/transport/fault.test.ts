import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { ErrorClass } from "../../src/api/error-class.ts";
import { systemNetwork } from "../../src/transport/network.ts";
import { createAuthority, loopback, selfSigned } from "../support/certificates.ts";
import { ManualClock } from "../support/clock.ts";
import { startRegistry } from "../support/registry.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import { access, authority, drive, failureOf, get, never, ping, tls, transport } from "./fixture.ts";

/** For a clock that is moved on while I/O takes its time. */
const endless = Number.MAX_SAFE_INTEGER;

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

describe("fault 19: a registry that cannot be reached", () => {
  it("that nobody listens for is ConnectionRefused", async () => {
    const registry = await startRegistry({ tls });
    await registry.stop();
    await using client = transport();
    const error = await failureOf(client.send(ping(access(registry.origin)), never));
    assert.deepEqual(error.failure, { class: "ConnectionRefused", message: `${registry.host}: the connection was refused (ECONNREFUSED)` });
  });

  it("whose name does not resolve is DNSFailure", async () => {
    await using client = transport({ network: virtualNetwork({}) });
    const error = await failureOf(client.send(ping(access("https://nowhere.acme.io")), never));
    assert.deepEqual(error.failure, { class: "DNSFailure", message: "nowhere.acme.io: the host name does not resolve (ENOTFOUND)" });
  });

  it("that drops every SYN is Timeout after 3 s of the clock, and the socket is gone", async () => {
    const clock = new ManualClock();
    const { promise: dialled, resolve } = Promise.withResolvers<ReturnType<typeof connect>>();
    await using client = transport({
      clock,
      network: {
        ...systemNetwork,
        dial: () => {
          // A socket that never connects is all that can be seen of a dropped SYN.
          const socket = connect({ host: "127.0.0.1", port: 1, lookup: () => {} });
          resolve(socket);
          return socket;
        },
      },
    });
    // The stand-in refuses at once; what is about to be seen must be the clock's doing.
    const failed = failureOf(client.send(ping(access("https://127.0.0.1:1")), never));
    const socket = await dialled;
    socket.removeAllListeners("error");
    socket.removeAllListeners("close");
    socket.on("error", () => {});
    await clock.advance(3000);
    assert.deepEqual((await failed).failure, { class: "Timeout", message: "127.0.0.1:1: no connection within 3000 ms" });
    assert.ok(socket.destroyed);
    assert.equal(clock.pending, 0);
  });

  it("that takes the connection and says nothing to TLS is Timeout after 3 s of the clock", async () => {
    const { promise: accepted, resolve } = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.on("error", () => {});
      resolve();
    });
    const port = await listen(server);
    const clock = new ManualClock();
    await using client = transport({ clock });
    const failed = failureOf(client.send(ping(access(`https://127.0.0.1:${port}`)), never));
    await accepted;
    await clock.advance(3000);
    assert.equal((await failed).class, "Timeout");
    server.close();
  });

  const now = Date.now();
  const day = 86_400_000;
  const rows: readonly (readonly [string, { readonly pem: string; readonly keyPem: string }, string])[] = [
    [
      "for another name",
      authority.issue({ dnsNames: ["other.example"] }),
      "the certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)",
    ],
    [
      "that has expired",
      authority.issue({ ...loopback, notBefore: new Date(now - 2 * day), notAfter: new Date(now - day) }),
      "the certificate has expired (CERT_HAS_EXPIRED)",
    ],
    [
      "that is not valid yet",
      authority.issue({ ...loopback, notBefore: new Date(now + day), notAfter: new Date(now + 2 * day) }),
      "the certificate is not valid yet (CERT_NOT_YET_VALID)",
    ],
    [
      "that is signed by itself",
      selfSigned(loopback),
      "the certificate is signed by an authority that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)",
    ],
    [
      "of an authority nobody knows",
      createAuthority().issue(loopback),
      "the certificate is signed by an authority that is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    ],
  ];
  for (const [name, certificate, detail] of rows)
    it(`with a certificate ${name} is TLSFailure`, async () => {
      await using registry = await startRegistry({ tls: { key: certificate.keyPem, cert: certificate.pem } });
      await using client = transport();
      const error = await failureOf(client.send(ping(access(registry.origin)), never));
      assert.deepEqual(error.failure, { class: "TLSFailure", message: `${registry.host}: ${detail}` });
      assert.equal(registry.requests.length, 0);
    });

  it("that speaks TLS 1.1 at most is TLSFailure", async () => {
    const server = createTlsServer({ ...tls, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });
    server.on("tlsClientError", () => {});
    const port = await listen(server);
    await using client = transport();
    assert.equal((await failureOf(client.send(ping(access(`https://127.0.0.1:${port}`)), never))).class, "TLSFailure");
    server.close();
  });

  it("that is no HTTP server is ProtocolError", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).end("220 mail.acme.io ESMTP\r\n"));
    const port = await listen(server);
    await using client = transport();
    assert.equal((await failureOf(client.send(ping(access(`http://127.0.0.1:${port}`)), never))).class, "ProtocolError");
    server.close();
  });

  it("is tried again once when the connection breaks, and no more", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage("a", { tag: "1" });
    await using client = transport();
    const once = registry.setMode("/manifests/", { kind: "reset" }, { times: 1 });
    assert.equal((await client.send(get(access(registry.origin), "a", "manifests/1"), never)).status, 200);
    assert.equal(once.uses, 1);
    const always = registry.setMode("/manifests/", { kind: "reset" });
    assert.equal((await failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never))).class, "ConnectionReset");
    assert.equal(always.uses, 2);
  });
});

describe("fault 20: a registry that stalls", () => {
  it("before its headers is Timeout after 5 s of the clock", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "hang" });
    const arrival = registry.hold("/manifests/");
    arrival.release();
    const clock = new ManualClock();
    await using client = transport({ clock });
    const failed = failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never));
    await arrival.arrived();
    await clock.advance(5000);
    assert.deepEqual((await failed).failure, { class: "Timeout", message: `${registry.host}: no answer within 5000 ms` });
    assert.equal(clock.pending, 0);
  });

  it("in the middle of its body is Timeout after 5 s of the clock", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "stall", bytes: 10 });
    const arrival = registry.hold("/manifests/");
    arrival.release();
    const clock = new ManualClock();
    await using client = transport({ clock, headersTimeoutMs: endless });
    const failed = failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never));
    await arrival.arrived();
    assert.deepEqual((await drive(clock, 1000, failed)).failure, {
      class: "Timeout",
      message: `${registry.host}: no byte for 5000 ms in the middle of the answer`,
    });
  });

  it("a byte at a time ends with the caller's signal, whose reason it throws", async () => {
    await using registry = await startRegistry({ tls });
    const slow = registry.setMode("/manifests/", { kind: "stall", bytes: 10 });
    const arrival = registry.hold("/manifests/");
    arrival.release();
    const clock = new ManualClock();
    await using client = transport({ clock });
    using deadline = clock.deadline(20_000);
    const failed = client.send(get(access(registry.origin), "a", "manifests/1"), deadline.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
    await arrival.arrived();
    for (let n = 0; n < 20; n += 1) {
      slow.drip();
      await clock.advance(1000);
    }
    assert.equal(await failed, deadline.signal.reason);
  });

  it("gives its place in the pool back", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage("a", { tag: "1" });
    registry.setMode("/blobs/", { kind: "hang" });
    const arrival = registry.hold("/blobs/");
    arrival.release();
    await using client = transport({ connections: 1 });
    const controller = new AbortController();
    const stuck = client.send(get(access(registry.origin), "a", "blobs/x"), controller.signal);
    await arrival.arrived();
    controller.abort(new DOMException("left", "AbortError"));
    await assert.rejects(stuck, { name: "AbortError" });
    assert.equal((await client.send(get(access(registry.origin), "a", "manifests/1"), never)).status, 200);
  });
});

describe("fault 21: a registry that sends too much", () => {
  const rows: readonly (readonly [string, Parameters<Awaited<ReturnType<typeof startRegistry>>["setMode"]>[1], ErrorClass])[] = [
    ["a manifest of 100 MiB", { kind: "huge", bytes: 100 * 1024 * 1024 }, "LimitExceeded"],
    ["a body without an end", { kind: "endless" }, "LimitExceeded"],
    ["a body that is cut", { kind: "truncate", bytes: 100 }, "ConnectionReset"],
  ];
  for (const [name, mode, expected] of rows)
    it(`${name} is ${expected}`, async () => {
      await using registry = await startRegistry({ tls });
      registry.setMode("/manifests/", mode);
      await using client = transport();
      assert.equal((await failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never))).class, expected);
    });

  it("a length that is announced is refused before a byte of it is waited for", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "stall", bytes: 10 });
    await using client = transport({ clock: new ManualClock() });
    const error = await failureOf(client.send(get(access(registry.origin), "a", "manifests/1", { limitBytes: 100 }), never));
    assert.deepEqual(error.failure, { class: "LimitExceeded", message: `${registry.host}: the answer is longer than 100 bytes` });
  });

  it("a long refusal is cut and still a refusal", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "status", status: 500, body: "x".repeat(300_000) });
    await using client = transport();
    assert.equal((await failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never))).class, "ServerError");
  });

  it("a gzip bomb stays as small as it came", async () => {
    await using registry = await startRegistry({ tls });
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    registry.setMode("/manifests/", { kind: "bytes", body: bomb, headers: { "content-encoding": "gzip" } });
    await using client = transport();
    const response = await client.send(get(access(registry.origin), "a", "manifests/1"), never);
    assert.equal(response.body.byteLength, bomb.byteLength);
  });

  it("headers of 64 KiB are ProtocolError", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "headers", headers: { "x-long": "x".repeat(65_536) } });
    registry.pushImage("a", { tag: "1" });
    await using client = transport();
    assert.equal((await failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never))).class, "ProtocolError");
  });
});

describe("fault 22: a registry that wants to be left alone", () => {
  const now = Date.UTC(2026, 0, 1);
  const rows: readonly (readonly [string, number, Readonly<Record<string, string>>, string, ErrorClass, number | undefined])[] = [
    ["429 for a minute", 429, { "retry-after": "60" }, "", "RateLimited", now + 60_000],
    ["429 for a day, of which an hour is believed", 429, { "retry-after": "86400" }, "", "RateLimited", now + 3_600_000],
    ["429 for no time", 429, {}, "", "RateLimited", undefined],
    ["403 that means 429", 403, { "retry-after": "5" }, '{"errors":[{"code":"TOOMANYREQUESTS"}]}', "RateLimited", now + 5000],
    ["503 for an hour", 503, { "retry-after": "3600" }, "", "ServerError", now + 3_600_000],
    ["500", 500, {}, "", "ServerError", undefined],
    ["400", 400, {}, "", "ProtocolError", undefined],
    ["304", 304, {}, "", "ProtocolError", undefined],
  ];
  for (const [name, status, headers, body, expected, retryAt] of rows)
    it(`with ${name} is ${expected}, asked once`, async () => {
      await using registry = await startRegistry({ tls });
      const mode = registry.setMode("/manifests/", { kind: "status", status, headers, body });
      await using client = transport({ clock: new ManualClock(now) });
      const { failure } = await failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never));
      assert.deepEqual([failure.class, failure.retryAt], [expected, retryAt]);
      assert.equal(mode.uses, 1);
    });

  it("for a second is waited for, once", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage("a", { tag: "1" });
    const mode = registry.setMode("/manifests/", { kind: "status", status: 503, headers: { "retry-after": "1" } });
    const clock = new ManualClock(now);
    await using client = transport({ clock, headersTimeoutMs: endless, connectTimeoutMs: endless });
    const failed = failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), never));
    assert.equal((await drive(clock, 100, failed)).class, "ServerError");
    assert.equal(mode.uses, 2);
  });

  it("when the time is up meanwhile, what it said is what is reported", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "status", status: 503, headers: { "retry-after": "1" } });
    const clock = new ManualClock(now);
    const { promise: resting, resolve } = Promise.withResolvers<void>();
    const random = (): number => {
      resolve(); // asked for exactly when it begins to wait
      return 0;
    };
    await using client = transport({ clock, random });
    using deadline = clock.deadline(500);
    const failed = failureOf(client.send(get(access(registry.origin), "a", "manifests/1"), deadline.signal));
    await resting;
    await clock.advance(500);
    assert.equal((await failed).class, "ServerError");
  });
});

describe("fault 23: a registry that names a token service of its choice", () => {
  for (const realm of [
    "http://auth.acme.io/token",
    "https://evil.example/token",
    "https://169.254.169.254/latest",
    "https://metadata.acme.io/token",
    "//evil.example",
    "https://registry.acme.io@evil.example/",
  ])
    it(`at ${realm} is UnsafeEndpoint, and nobody is asked`, async () => {
      await using registry = await startRegistry({ tls, auth: { kind: "token", users: {}, realm } });
      const warnings: string[] = [];
      const logger = { debug: () => {}, info: () => {}, error: () => {}, warn: (message: string) => void warnings.push(message) };
      const network = virtualNetwork({
        "registry.acme.io": { port: registry.port },
        "evil.example": { port: registry.port },
        "metadata.acme.io": { address: "169.254.169.254", port: registry.port },
      });
      await using client = transport({ network, logger });
      for (let n = 0; n < 2; n += 1)
        assert.equal((await failureOf(client.send(ping(access("https://registry.acme.io")), never))).class, "UnsafeEndpoint");
      assert.ok(registry.requests.every(({ path }) => path === "/v2/"));
      assert.deepEqual(new Set(network.lookedUp), new Set(["registry.acme.io"]));
      assert.equal(warnings.length, 2);
    });

  it("that is declared and turns out to be a metadata service is UnsafeEndpoint all the same", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "token", users: {}, realm: "https://metadata.acme.io/token" } });
    const network = virtualNetwork({
      "registry.acme.io": { port: registry.port },
      "metadata.acme.io": { address: "169.254.169.254", port: registry.port },
    });
    await using client = transport({ network });
    const error = await failureOf(client.send(ping(access("https://registry.acme.io", { tokenHosts: ["metadata.acme.io"] })), never));
    assert.equal(error.class, "UnsafeEndpoint");
    assert.deepEqual(network.dialled, ["203.0.113.1:443"]);
  });
});
