import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import type { ErrorClass } from "../../src/api/error-class.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { type Network, systemNetwork } from "../../src/transport/network.ts";
import { Transport } from "../../src/transport/transport.ts";
import { type CertificateOptions, createAuthority, loopback, selfSigned } from "../support/certificates.ts";
import { type Matcher, type Mode, type TestRegistry, types } from "../support/registry.ts";
import { trustAuthority, virtualNetwork } from "../support/registry/network.ts";
import { classesOf, storeOf } from "./files.ts";
import { eventually } from "./fixture.ts";
import { authority, type Scene, type SceneOptions, shows, startRaw, startScene, thiefName, tls, user } from "./hostile.ts";

// Places that a registry redirects to are judged by the system's roots.
trustAuthority(authority.pem);

/** operator.md section 4, by number. */
interface Fault {
  readonly what: string;
  readonly class: ErrorClass;
  readonly scene?: () => Promise<SceneOptions> | SceneOptions;
  /** After the Store has been seen well, if it can be. */
  readonly break?: (scene: Scene) => unknown;
  /** What is said of one image stands in the report, and not in the status of the Store. */
  readonly isOfOneImage?: boolean;
  /** Requests that somebody else may get, without a credential; default 0. */
  readonly thief?: number;
  /** The Store's Ready says so after a probe; absent: `/v2/` answers as ever. */
  readonly ready?: ErrorClass;
  /** Most requests that one verification of one image may cause at the hostile registry; default 8. */
  readonly requests?: number;
}

const options = { timeout: 30_000 };
const mode =
  (matcher: Matcher, played: Mode) =>
  ({ bad }: Scene): unknown =>
    bad.setMode(matcher, played);

/** What must hold of every fault, whatever it is. */
async function check(fault: Fault): Promise<void> {
  await using scene = await startScene(await fault.scene?.());
  const { files, bad, good, thief } = scene;
  const mend = await fault.break?.(scene);
  await files.probe();
  const before = bad.requests.length;
  const report = await files.verify(scene.unsigned);
  assert.ok(bad.requests.length - before <= (fault.requests ?? 8), `${bad.requests.length - before} requests for one verification`);
  assert.equal(report.verdict.outcome, "inconclusive", JSON.stringify(report));
  assert.deepEqual([classesOf(report, "bad"), storeOf(report, "good").listing], [[fault.class], "Complete"], JSON.stringify(report));
  const allowed = await files.verify(scene.signed);
  assert.equal(allowed.verdict.outcome, "allow", JSON.stringify(allowed));
  assert.match(JSON.stringify(allowed.verdict), /read from Store\/good/);

  const status = files.status("Store", "bad");
  const ready = status.conditions.find(({ type }) => type === "Ready");
  assert.deepEqual(
    [ready?.status, ready?.reason],
    fault.ready === undefined ? ["True", "Succeeded"] : ["False", fault.ready],
    JSON.stringify(status),
  );
  assert.equal(files.status("Store", "good").conditions.find(({ type }) => type === "Ready")?.status, "True");
  assert.equal(status.lastError?.class, fault.isOfOneImage === true ? undefined : fault.class, JSON.stringify(status));

  for (const registry of [good, thief]) assert.equal(shows(JSON.stringify(registry.requests)), false, "the credential was sent elsewhere");
  for (const [place, value] of Object.entries({ report, allowed, status, log: files.log() }))
    assert.equal(shows(JSON.stringify(value)), false, place);
  assert.ok(thief.requests.length <= (fault.thief ?? 0) && thief.requests.every(({ authorization }) => authorization === undefined));
  if (fault.class === "UnsafeEndpoint") assert.match(files.log(), /points somewhere it may not/);
  if (typeof mend === "function") (mend as () => void)();
}

function table(number: number, faults: readonly Fault[]): void {
  for (const fault of faults)
    test(`fault ${number}: a registry ${fault.what} is ${fault.class} of its own Store, and the next Store decides`, options, () =>
      check(fault),
    );
}

const whole: Matcher = "/";
const listing: Matcher = "/referrers/";
const byDigest: Matcher = "/manifests/sha256:";

test(
  "without a fault the hostile Store is well, is asked with its credential, and its worthless signature is denied",
  options,
  async () => {
    await using scene = await startScene();
    await scene.files.probe();
    const report = await scene.files.verify(scene.unsigned);
    assert.deepEqual([report.verdict.outcome, report.complete], ["deny", true], JSON.stringify(report));
    assert.ok(shows(JSON.stringify(scene.bad.requests)));
  },
);

const certificate = (make: () => { readonly pem: string; readonly keyPem: string }) => (): SceneOptions => {
  const { pem, keyPem } = make();
  return { bad: { tls: { key: keyPem, cert: pem } } };
};
const issued = (more: CertificateOptions): (() => SceneOptions) => certificate(() => authority.issue({ ...loopback, ...more }));
const untrusted = { class: "TLSFailure", ready: "TLSFailure" } as const;
const deadPort = 9;

table(19, [
  { what: "that refuses connections", class: "ConnectionRefused", ready: "ConnectionRefused", break: ({ bad }) => bad.stop() },
  {
    what: "whose packets are dropped",
    class: "Timeout",
    ready: "Timeout",
    scene: () => ({
      badHost: `127.0.0.1:${deadPort}`,
      transport: () => over({ dial: (addresses, port) => (port === deadPort ? new Socket() : systemNetwork.dial(addresses, port)) }),
    }),
  },
  { what: "with a certificate for another host", ...untrusted, scene: issued({ dnsNames: ["registry.acme.io"], ipAddresses: [] }) },
  {
    what: "with an expired certificate",
    ...untrusted,
    scene: issued({ notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 3_600_000) }),
  },
  { what: "with a self-signed certificate", ...untrusted, scene: certificate(() => selfSigned(loopback)) },
  {
    what: "with a certificate of an authority that nobody trusts",
    ...untrusted,
    scene: certificate(() => createAuthority({ commonName: "stranger" }).issue(loopback)),
  },
  { what: "that speaks plain http", ...untrusted, scene: () => ({ bad: { tls: undefined } as never }) },
]);

function over(network: Partial<Network>): Transport {
  return new Transport({ clock: systemClock, random: () => 0, network: { ...systemNetwork, ...network } });
}

table(20, [
  { what: "that hangs before its answer", class: "Timeout", break: mode(listing, { kind: "hang" }) },
  { what: "that hangs in the middle of a body", class: "Timeout", break: mode(listing, { kind: "stall", bytes: 100 }) },
  {
    what: "that sends a byte now and then",
    class: "Timeout",
    break: ({ bad }) => {
      const stalled = bad.setMode(listing, { kind: "stall", bytes: 1 });
      const timer = setInterval(() => stalled.drip(), 50);
      return () => clearInterval(timer);
    },
  },
  { what: "that hangs before a signature's manifest", class: "Timeout", break: mode(byDigest, { kind: "hang" }) },
  {
    what: "that closes the connection in the middle of a body",
    class: "ConnectionReset",
    break: mode(listing, { kind: "truncate", bytes: 100 }),
  },
]);

for (const [what, everyMs, expected] of [
  ["slowly", 20, "Timeout"],
  ["as fast as they are read", 0, "ProtocolError"],
] as const)
  test(`fault 20: a registry whose headers never end, sent ${what}, is ${expected}, and its connections are closed`, options, async () => {
    await using raw = await startRaw((socket) => void endless(socket, everyMs));
    await check({ what, class: expected, ready: expected, scene: () => ({ badHost: raw.host }) });
    await eventually("every connection is closed", () => raw.count.open === 0 || undefined, 5000);
    assert.ok(raw.count.made <= 12, `${raw.count.made} connections for a probe and two verifications`);
  });

async function endless(socket: TLSSocket, everyMs: number): Promise<void> {
  socket.write("HTTP/1.1 200 OK\r\n");
  while (!socket.destroyed) {
    socket.write(`x-filler: ${"a".repeat(everyMs === 0 ? 1000 : 1)}\r\n`);
    await sleep(everyMs);
  }
}

test(
  "fault 20: what hangs gives its slot back: more verifications than there are connections, and the next one is right",
  options,
  async () => {
    await using scene = await startScene();
    scene.bad.setMode(listing, { kind: "hang" });
    const stuck = await Promise.all(Array.from({ length: 80 }, () => scene.files.verify(scene.unsigned)));
    assert.deepEqual(new Set(stuck.map(({ verdict }) => verdict.outcome)), new Set(["inconclusive"]));
    scene.bad.clearModes();
    const report = await scene.files.verify(scene.unsigned);
    assert.deepEqual([report.verdict.outcome, report.complete], ["deny", true], JSON.stringify(report));
  },
);

test("fault 19: a registry that speaks TLS 1.0 only is TLSFailure of its own Store, and the next Store decides", options, async () => {
  const old = { ...tls, minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  await using raw = await startRaw((socket) => socket.destroy(), old);
  await check({ what: "", ...untrusted, scene: () => ({ badHost: raw.host }) });
  assert.ok(raw.count.made <= 8, `${raw.count.made} connections for a probe and two verifications`);
});

const huge = 104_857_600;
/** Names the location's artifact with another size. */
const lyingIndex = ({ listed }: Scene, size: number): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [{ mediaType: listed.mediaType, digest: listed.digest, size, artifactType: listed.artifactType }],
  });

table(21, [
  { what: "whose listing has 100 MiB", class: "LimitExceeded", isOfOneImage: true, break: mode(listing, { kind: "huge", bytes: huge }) },
  { what: "whose listing never ends", class: "LimitExceeded", isOfOneImage: true, break: mode(listing, { kind: "endless" }) },
  {
    what: "that names a manifest of 100 MiB",
    class: "LimitExceeded",
    isOfOneImage: true,
    break: (scene) => scene.bad.setMode(listing, { kind: "bytes", body: lyingIndex(scene, huge) }),
  },
  { what: "that sends 100 MiB for a small manifest", class: "ProtocolError", break: mode(byDigest, { kind: "huge", bytes: huge }) },
  {
    what: "that serves other bytes under a digest",
    class: "ProtocolError",
    break: ({ bad, listed }) => bad.setMode(byDigest, { kind: "bytes", body: Buffer.alloc(listed.size, ".") }),
  },
  { what: "that sends a small manifest without an end", class: "ProtocolError", break: mode(byDigest, { kind: "endless" }) },
  {
    what: "that sends a gzip bomb",
    class: "ProtocolError",
    break: mode(listing, { kind: "bytes", body: gzipSync(Buffer.alloc(10_000_000)), headers: { "content-encoding": "gzip" } }),
  },
  {
    what: "behind a proxy that wants people to log in",
    class: "ProtocolError",
    ready: "ProtocolError",
    break: mode(/./, { kind: "bytes", body: "<!doctype html><title>Log in</title>", headers: { "content-type": "text/html" } }),
  },
  {
    what: "with more pages of referrers than anybody needs",
    class: "LimitExceeded",
    isOfOneImage: true,
    scene: () => ({ bad: { tls, pageSize: 1 } }),
    break: ({ bad, subject }) => {
      for (let at = 0; at < 150; at += 1)
        bad.pushReferrer("evidence", subject, { artifactType: "application/spdx+json", layers: [], annotations: { at: String(at) } });
    },
    requests: 110,
  },
  {
    what: "whose pages go round in a circle",
    class: "ProtocolError",
    isOfOneImage: true,
    break: ({ bad, subject }) =>
      bad.setMode(listing, { kind: "headers", headers: { link: `</v2/evidence/referrers/${subject.digest}?from=0>; rel="next"` } }),
  },
  {
    what: "whose next page is on another host",
    class: "UnsafeEndpoint",
    break: ({ bad, subject, thief }) =>
      bad.setMode(listing, { kind: "headers", headers: { link: `<${thief.origin}/v2/evidence/referrers/${subject.digest}>; rel="next"` } }),
  },
  {
    what: "that redirects in a circle",
    class: "ProtocolError",
    break: ({ bad, subject }) => bad.setMode(listing, { kind: "redirect", location: `/v2/evidence/referrers/${subject.digest}` }),
  },
  {
    what: "that redirects to another host of the private network",
    class: "UnsafeEndpoint",
    break: ({ bad, subject, thief }) =>
      bad.setMode(listing, { kind: "redirect", location: `${thief.origin}/v2/evidence/referrers/${subject.digest}` }),
  },
  {
    what: "that redirects to plain http",
    class: "UnsafeEndpoint",
    break: ({ bad, thief }) => bad.setMode(listing, { kind: "redirect", location: `http://${thief.host}/` }),
  },
  {
    what: "that redirects to a metadata service",
    class: "UnsafeEndpoint",
    break: mode(listing, { kind: "redirect", location: "https://169.254.169.254/latest/meta-data/" }),
  },
  {
    // The thief is asked, without a credential, and what it says proves nothing.
    what: "that redirects to a public host",
    class: "NotFound",
    isOfOneImage: true,
    scene: () => ({ transport: (thief) => over(virtualNetwork({ [thiefName]: { port: thief.port } })) }),
    break: ({ bad }) => bad.setMode(listing, { kind: "redirect", location: `https://${thiefName}/v2/other/referrers/x` }),
    thief: 2,
  },
]);

const later = { "retry-after": "3600" };
table(22, [
  {
    what: "that answers 429 with Retry-After 1 h",
    class: "RateLimited",
    ready: "RateLimited",
    break: mode(whole, { kind: "status", status: 429, headers: later }),
  },
  {
    what: "that answers 503 with Retry-After 1 h",
    class: "ServerError",
    ready: "ServerError",
    break: mode(whole, { kind: "status", status: 503, headers: later }),
  },
]);

test(
  "fault 22: what a registry asked for binds the probes only: the next verification after it is well again is right",
  options,
  async () => {
    await using scene = await startScene();
    scene.bad.setMode(whole, { kind: "status", status: 429, headers: later });
    const limited = await scene.files.verify(scene.unsigned);
    const { retryAt = 0 } = storeOf(limited, "bad").failures[0] ?? {};
    assert.ok(retryAt > systemClock.now() + 3_500_000 && retryAt <= systemClock.now() + 3_600_000, "for the probes");
    scene.bad.clearModes();
    const report = await scene.files.verify(scene.unsigned);
    assert.deepEqual([report.verdict.outcome, report.complete], ["deny", true], JSON.stringify(report));
  },
);

const realm = (make: (thief: TestRegistry) => string) => (): SceneOptions => ({
  auth: (thief) => ({ kind: "token", users: { [user.username]: user.password }, realm: make(thief) }),
});
const unsafe = { class: "UnsafeEndpoint", ready: "UnsafeEndpoint" } as const;

table(23, [
  { what: "whose realm is plain http", ...unsafe, scene: realm(({ host }) => `http://${host}/token`) },
  { what: "whose realm is on another host", ...unsafe, scene: realm(({ port }) => `https://localhost:${port}/token`) },
  { what: "whose realm is on another port of its host", ...unsafe, scene: realm(({ origin }) => `${origin}/token`) },
  { what: "whose realm is the metadata service", ...unsafe, scene: realm(() => "https://169.254.169.254/token") },
  { what: "whose realm has a user in it", ...unsafe, scene: realm(({ host }) => `https://registry.acme.io@${host}/token`) },
  { what: "whose realm is no address", ...unsafe, scene: realm(() => "//thief/token") },
  {
    what: "whose own token service redirects to another host",
    ...unsafe,
    scene: () => ({ auth: () => ({ kind: "token", users: { [user.username]: user.password } }) }),
    break: ({ bad, thief }) => bad.setMode("/token", { kind: "redirect", location: `${thief.origin}/token` }),
  },
]);
