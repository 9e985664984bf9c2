import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import { type Certificate, type CertificateOptions, createAuthority, loopback, selfSigned } from "./certificates.ts";

test("createAuthority() issues certificates that verify against it and say what was asked", () => {
  const authority = createAuthority({ commonName: "root", organizations: ["Acme"] });
  const notAfter = new Date("2051-02-03T04:05:06Z");
  const leaf = new X509Certificate(
    authority.issue({
      commonName: "web",
      organizations: ["ops", "dev"],
      dnsNames: ["a.example"],
      ipAddresses: ["127.0.0.1", "::1"],
      notAfter,
    }).pem,
  );
  const root = new X509Certificate(authority.pem);
  assert.equal(root.ca, true);
  assert.equal(root.checkIssued(root), true);
  assert.equal(leaf.ca, false);
  assert.equal(leaf.checkIssued(root), true);
  assert.equal(leaf.verify(root.publicKey), true);
  assert.equal(leaf.issuer, "O=Acme\nCN=root");
  assert.equal(leaf.subject, "O=ops\nO=dev\nCN=web");
  assert.equal(leaf.subjectAltName, "DNS:a.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
  assert.deepEqual(leaf.validToDate, notAfter);
  assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
});

const yesterday = new Date(Date.now() - 86_400_000);
const tomorrow = new Date(Date.now() + 86_400_000);
const authority = createAuthority();
const cases: readonly (readonly [string, Certificate | CertificateOptions, string | undefined])[] = [
  ["accepts a good one", loopback, undefined],
  ["refuses an expired one", { ...loopback, notBefore: new Date(0), notAfter: yesterday }, "CERT_HAS_EXPIRED"],
  ["refuses one of tomorrow", { ...loopback, notBefore: tomorrow }, "CERT_NOT_YET_VALID"],
  ["refuses another name", { dnsNames: ["elsewhere.example"] }, "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["refuses a client's", { ...loopback, usages: ["clientAuth"] }, "INVALID_PURPOSE"],
  ["refuses a self-signed one", selfSigned(loopback), "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ["refuses another authority's", createAuthority().issue(loopback), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
];

for (const [name, options, code] of cases) {
  test(`A TLS client that trusts the authority ${name}`, async () => {
    const { pem: cert, keyPem: key } = "pem" in options ? options : authority.issue(options);
    const server = createServer({ cert, key }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const socket = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, ca: authority.pem });
      const outcome = once(socket, "secureConnect").then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      );
      assert.equal(await outcome, code);
      socket.destroy();
    } finally {
      server.close();
    }
  });
}
