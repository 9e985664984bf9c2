import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, test } from "node:test";
import { createAuthority, loopback } from "../support/certificates.ts";
import { type PushedManifest, pushImage, type PushTarget } from "../support/real/image.ts";
import { type Registry, startDistribution, startOlareg } from "../support/real/registries.ts";
import { createSigningKey, type SignedArtifact, signImage } from "../support/signer.ts";
import { classesOf, countersign, type Files, fromFiles, storeOf, writeManifests } from "./files.ts";
import { caConfigMap, eventually, options, store, tools, trust } from "./fixture.ts";
import { type ProxiedRequest, type RecordingProxy, startProxy } from "./proxy.ts";
import { pushSigned } from "./signed.ts";

/** The signature is in the second location only; the first is a distribution registry behind a proxy that makes it misbehave. */
const authority = createAuthority();
const key = createSigningKey();
let first: Registry;
let second: Registry;
let proxy: RecordingProxy;
let secondProxy: RecordingProxy;
let files: Files;
let optional: Files;
let signed: PushedManifest;
let unsigned: PushedManifest;
/** Its signature is in the first location. */
let elsewhere: PushedManifest;
/** In both locations, so that the first can serve other bytes under its digest. */
let shared: { readonly image: PushedManifest; readonly signature: SignedArtifact };

before(async () => {
  if (tools === undefined) return;
  const tls = authority.issue(loopback);
  [first, second] = await Promise.all([startDistribution({ tools, tls }), startOlareg({ tools, tls })]);
  proxy = await startProxy({ host: first.host, ca: authority.pem, certificate: tls });
  secondProxy = await startProxy({ host: second.host, ca: authority.pem, certificate: tls });
  const images: PushTarget = { url: second.url, repository: "acme/web", ca: authority.pem };
  const evidence: PushTarget = { url: first.url, repository: "evidence", ca: authority.pem };
  signed = await pushImage(images, { seed: "signed" });
  unsigned = await pushImage(images, { seed: "unsigned" });
  // So that the repository exists, and can be seen to be readable.
  await pushImage(evidence, { seed: "other", tag: "other" });
  await pushSigned(images, sign(signed), signed);
  const image = await pushImage(images, { seed: "shared" });
  shared = { image, signature: sign(image) };
  await pushSigned(images, shared.signature, image);
  await pushSigned(evidence, shared.signature, image);
  elsewhere = await pushImage(images, { seed: "elsewhere" });
  await pushSigned(evidence, sign(elsewhere), elsewhere);
  files = await fromFiles(objects("Required"), { rememberVerdicts: true });
  optional = await fromFiles(objects("Optional"), { rememberVerdicts: true });
});
after(async () => {
  await files?.[Symbol.asyncDispose]();
  await optional?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await secondProxy?.[Symbol.asyncDispose]();
  await Promise.all([first?.close(), second?.close()]);
});

function objects(evidence: "Required" | "Optional", firstHost = proxy.host): readonly object[] {
  const caBundleRef = { kind: "ConfigMap", name: "ca", key: "ca.crt" };
  const scopes = [secondProxy.host];
  return [
    caConfigMap("ca", authority.pem),
    ...trust("release", key.publicKeyPem),
    store("first", { scopes, evidence, timeout: "1500ms", registry: { evidenceRepository: `${firstHost}/evidence`, caBundleRef } }),
    store("second", { scopes, timeout: "5s", registry: { caBundleRef } }),
  ];
}

/** As whoever runs it would write it. */
const image = ({ digest }: PushedManifest): string => `${secondProxy.host}/acme/web@${digest}`;

function sign(image: PushedManifest): SignedArtifact {
  return signImage({ key, subject: image, repository: image.repository, format: "bundle" });
}

/** Runs with the first location as it is then, and puts it right again. */
async function broken(fault: Fault, run: () => Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  try {
    if (fault.kind === "down") {
      proxy.intercept = (_request, response) => response.destroy() !== undefined;
    } else if (fault.kind === "slow") proxy.gate = () => over;
    else {
      proxy.intercept = (request, response) => {
        if (fault.kind === "bytes" && !fault.of(request)) return false;
        response.writeHead(fault.kind === "status" ? fault.status : 200, fault.kind === "status" ? fault.headers : {});
        response.end(fault.kind === "bytes" ? fault.body : "");
        return true;
      };
    }
    await run();
  } finally {
    resolve();
    proxy.gate = () => undefined;
    secondProxy.gate = () => undefined;
    proxy.intercept = () => false;
  }
}
type Fault =
  | { readonly kind: "down" }
  | { readonly kind: "slow" }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "bytes"; readonly body: string; readonly of: (request: ProxiedRequest) => boolean };

const unauthorized = { kind: "status", status: 401, headers: { "www-authenticate": 'Basic realm="test"' } } as const;
const faults: readonly (readonly [string, Fault, string])[] = [
  ["closes every connection", { kind: "down" }, "ConnectionReset"],
  ["is slower than its slice", { kind: "slow" }, "Timeout"],
  ["answers 401", unauthorized, "AuthenticationFailed"],
  ["answers 429", { kind: "status", status: 429, headers: { "retry-after": "3600" } }, "RateLimited"],
  ["answers 503", { kind: "status", status: 503 }, "ServerError"],
];

for (const [what, fault, expected] of faults) {
  test(`a signed image is allowed by the second location when the first ${what}, and the report says ${expected}`, options, async () => {
    await using fresh = await fromFiles(objects("Required"));
    await fresh.probe();
    // Or the second would be quicker, and the first not waited for.
    secondProxy.gate = () => failureSeen(fresh, expected);
    await broken(fault, async () => {
      const report = await fresh.verify(image(signed));
      assert.equal(report.verdict.outcome, "allow", JSON.stringify(report));
      assert.deepEqual([storeOf(report, "first").listing, classesOf(report, "first"), report.complete], ["Failed", [expected], false]);
      assert.deepEqual(
        report.artifacts.map(({ heldBy, readFrom }) => [heldBy, readFrom]),
        [[["second"], "second"]],
      );
    });
    secondProxy.gate = () => undefined;
  });

  test(
    `an unsigned image is inconclusive when the first location ${what}, denied when it is optional, and right once it is back`,
    options,
    async () => {
      await broken(fault, async () => {
        for (const pushed of [unsigned, elsewhere]) {
          const report = await files.verify(image(pushed));
          assert.equal(report.verdict.outcome, "inconclusive", JSON.stringify(report));
          assert.deepEqual([storeOf(report, "first").listing, classesOf(report, "first")], ["Failed", [expected]]);
          assert.equal(storeOf(report, "second").listing, "Complete");
          assert.match(JSON.stringify(report.verdict), new RegExp(expected));
          const denied = await optional.verify(image(pushed));
          assert.equal(denied.verdict.outcome, "deny", JSON.stringify(denied));
          assert.deepEqual([denied.complete, classesOf(denied, "first")], [false, [expected]]);
        }
      });
      for (const composition of [files, optional]) {
        const report = await composition.verify(image(unsigned));
        assert.deepEqual([report.verdict.outcome, report.complete], ["deny", true], JSON.stringify(report));
        const allowed = await composition.verify(image(elsewhere));
        assert.deepEqual([allowed.verdict.outcome, allowed.artifacts[0]?.readFrom], ["allow", "first"], JSON.stringify(allowed));
      }
      await Promise.all([files, optional].map((composition) => composition[Symbol.asyncDispose]()));
      files = await fromFiles(objects("Required"), { rememberVerdicts: true });
      optional = await fromFiles(objects("Optional"), { rememberVerdicts: true });
    },
  );
}

/** The first location has been seen to fail so, by the status of its Store. */
async function failureSeen(composition: Files, expected: string): Promise<void> {
  await eventually(`Store first shows ${expected}`, () => composition.status("Store", "first").lastError?.class === expected || undefined);
}

test("a signature whose bytes the first location falsifies is read from the second, and the report marks the first", options, async () => {
  const { digest } = shared.signature;
  const read = Promise.withResolvers<void>();
  // The listing of the second is held until the first has been asked for content.
  secondProxy.gate = ({ path }) => (path.includes("/referrers/") ? read.promise : undefined);
  const fault = { kind: "bytes", body: `{"schemaVersion":2,"falsified":true}`, of: ({ path }: ProxiedRequest) => falsify(path) } as const;
  const falsify = (path: string): boolean => {
    const isContent = path.endsWith(`/manifests/${digest}`);
    if (isContent) setTimeout(read.resolve, 100);
    return isContent;
  };
  await using fresh = await fromFiles(objects("Required"));
  await broken(fault, async () => {
    const report = await fresh.verify(image(shared.image));
    assert.equal(report.verdict.outcome, "allow", JSON.stringify(report));
    assert.deepEqual(classesOf(report, "first"), ["ProtocolError"], JSON.stringify(report));
    assert.deepEqual(
      report.artifacts.map((artifact) => [artifact.digest, artifact.readFrom]),
      [[digest, "second"]],
    );
  });
});

test(
  "countersign verify exits 2 while a required location is down, 1 for the same when it is optional, and 0 or 1 once it is back",
  options,
  async () => {
    const directories = {
      required: await writeManifests(objects("Required", first.host)),
      optional: await writeManifests(objects("Optional", first.host)),
    };
    const verify = async (manifests: string, pushed: PushedManifest): Promise<readonly [number, string]> => {
      const { code, stdout } = await countersign(["verify", "--manifests", manifests, "-o", "json", image(pushed)]);
      const { stores } = JSON.parse(stdout) as { readonly stores: readonly { readonly name: string; readonly errorClass?: string }[] };
      return [code, stores.find(({ name }) => name === "first")?.errorClass ?? "-"];
    };
    await first.stop();
    assert.deepEqual(await verify(directories.required, unsigned), [2, "ConnectionRefused"]);
    assert.deepEqual(await verify(directories.optional, unsigned), [1, "ConnectionRefused"]);
    await first.start();
    assert.deepEqual(await verify(directories.required, unsigned), [1, "-"]);
    assert.deepEqual(await verify(directories.required, elsewhere), [0, "-"]);
    await Promise.all(Object.values(directories).map((directory) => rm(directory, { recursive: true })));
  },
);
