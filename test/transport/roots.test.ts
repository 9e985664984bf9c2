import assert from "node:assert/strict";
import { test } from "node:test";
import { rootsKey } from "../../src/transport/roots.ts";
import type { Access, RegistryRequest } from "../../src/transport/request.ts";
import { Schemes } from "../../src/transport/schemes.ts";

const acme: Access = { origin: "https://registry.acme.io", credentials: [], tokenHosts: [], identity: "anonymous", reach: "registry" };

function request(access: Access): RegistryRequest {
  return { access, method: "GET", repository: ["prod", "web"], resource: ["tags", "list"], limitBytes: 1 };
}

test("rootsKey() is short whatever the bundle, equal for equal bundles only, and empty for none", () => {
  const long = "x".repeat(1024 * 1024);
  assert.equal(rootsKey(undefined), "");
  assert.equal(rootsKey(long).length, 64);
  assert.equal(rootsKey(long), rootsKey("x".repeat(1024 * 1024)));
  assert.notEqual(rootsKey(long), rootsKey(`${long}y`));
  assert.notEqual(rootsKey(""), rootsKey(undefined));
});

test("Schemes tells what was learnt under one CA bundle from what was learnt under another", () => {
  const schemes = new Schemes();
  schemes.set(request({ ...acme, caPem: "one" }), { kind: "basic" });
  assert.deepEqual(schemes.get(request({ ...acme, caPem: "one" })), { kind: "basic" });
  assert.equal(schemes.get(request({ ...acme, caPem: "two" })), undefined);
  assert.equal(schemes.get(request(acme)), undefined);
});
