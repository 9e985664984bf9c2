import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isGoogleRegistry } from "../../../src/auth/google/hosts.ts";
import { parseReference } from "../../../src/oci/reference.ts";

/** Whether the registry of a reference, as our parser reads it, is Google's; a text that is no reference is nobody's. */
function isTaken(host: string): boolean {
  const reference = parseReference(`${host}/acme/app`);
  return reference.ok && isGoogleRegistry(reference.value.repository);
}

const taken = [
  "gcr.io",
  "us.gcr.io",
  "eu.gcr.io",
  "asia.gcr.io",
  "us-docker.pkg.dev",
  "europe-docker.pkg.dev",
  "asia-docker.pkg.dev",
  "us-central1-docker.pkg.dev",
  "europe-west10-docker.pkg.dev",
  "northamerica-northeast2-docker.pkg.dev",
  "me-central2-docker.pkg.dev",
  // Canonical by the time it is judged.
  "US-Docker.pkg.dev",
  "gcr.io:443",
];

const refused: readonly (readonly [why: string, host: string])[] = [
  ["another port", "gcr.io:5000"],
  ["another port", "us-docker.pkg.dev:8443"],
  ["Google's name left of somebody's", "gcr.io.evil.example"],
  ["Google's name left of somebody's", "us-docker.pkg.dev.evil.example"],
  ["no dot before the suffix", "us-dockerpkg.dev"],
  ["no dot before the suffix", "evilgcr.io"],
  ["no dot before the suffix", "us-docker.evilpkg.dev"],
  ["a label too many", "evil.us-docker.pkg.dev"],
  ["a label too many", "evil.gcr.io"],
  ["a label too many", "us.eu.gcr.io"],
  ["a label missing", "pkg.dev"],
  ["a label missing", "docker.pkg.dev"],
  ["no location", "-docker.pkg.dev"],
  ["another format of package", "us-npm.pkg.dev"],
  ["another format of package", "us-central1-maven.pkg.dev"],
  ["no format", "us-central1.pkg.dev"],
  ["a location that none is", "us-central1-evil-docker.pkg.dev"],
  ["a location that none is", "evil1-docker.pkg.dev"],
  ["another service of Google", "storage.googleapis.com"],
  ["another service of Google", "www.google.com"],
  ["another service of Google", "container.cloud.google.com"],
  ["public images that need no token", "k8s.gcr.io"],
  ["public images that need no token", "registry.k8s.io"],
  ["another cloud's registry", "acme.azurecr.io"],
  ["another cloud's registry", "123456789012.dkr.ecr.us-east-1.amazonaws.com"],
  ["a trailing dot", "gcr.io."],
  ["a trailing dot", "us-docker.pkg.dev."],
  ["two dots", "us-docker..pkg.dev"],
  ["a user", "us-docker.pkg.dev@evil.example"],
  ["a user", "gcr.io:443@evil.example"],
  ["a percent sign", "us-docker.pkg.dev%2eevil.example"],
  ["a backslash", "us-docker.pkg.dev\\@evil.example"],
  ["a homograph", "xn--gr-bmc.io"],
  ["a homograph", "us-docker.xn--pkg-7qa.dev"],
  ["a homograph", "gсr.io"],
  ["full-width letters", "ｇcr.io"],
  ["an ideographic full stop", "gcr。io"],
  ["a tab", "us-docker.pkg.dev\t.evil.example"],
  ["an address", "142.250.185.80"],
  ["an address", "[2a00:1450::52]"],
];

describe("isGoogleRegistry()", () => {
  for (const host of taken) it(`takes ${host}`, () => assert.equal(isTaken(host), true));
  for (const [why, host] of refused) it(`refuses ${JSON.stringify(host)}: ${why}`, () => assert.equal(isTaken(host), false));

  it("takes nothing that ends otherwise, or has anything before or behind one of Google's names", () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);
    const own = fc.constantFrom(...taken.filter((host) => !host.includes(":")).map((host) => host.toLowerCase()));
    fc.assert(
      fc.property(own, label, fc.constantFrom(".", "-", ""), (host, other, glue) => {
        assert.equal(isTaken(`${host}.${other}.${other}`), false);
        assert.equal(isTaken(`${other}.${host}`) && !["us", "eu", "asia"].includes(other), false);
        if (glue !== "." && host.endsWith(".io")) assert.equal(isTaken(`${other}${glue}${host}`), false);
        assert.equal(isTaken(`${host}${glue === "." ? "-" : glue}${other}`), false);
      }),
    );
  });
});
