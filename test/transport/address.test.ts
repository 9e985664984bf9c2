import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddressRefusal, isInnerName, refuseAddress } from "../../src/transport/address.ts";

describe("refuseAddress() (H9)", () => {
  const rows: readonly (readonly [string, AddressRefusal | undefined, AddressRefusal | undefined])[] = [
    // address, for a registry, for a place that a registry names
    ["93.184.216.34", undefined, undefined],
    ["2606:2800:220:1:248:1893:25c8:1946", undefined, undefined],
    ["127.0.0.1", undefined, "Private"],
    ["127.255.255.254", undefined, "Private"],
    ["10.0.0.1", undefined, "Private"],
    ["172.16.0.1", undefined, "Private"],
    ["172.31.255.255", undefined, "Private"],
    ["172.32.0.1", undefined, undefined],
    ["192.168.1.1", undefined, "Private"],
    ["100.64.0.1", undefined, "Private"],
    ["::1", undefined, "Private"],
    ["fd12:3456::1", undefined, "Private"],
    ["0.0.0.0", "Reserved", "Reserved"],
    ["0.1.2.3", "Reserved", "Reserved"],
    ["::", "Reserved", "Reserved"],
    ["169.254.169.254", "Reserved", "Reserved"],
    ["169.254.0.1", "Reserved", "Reserved"],
    ["100.100.100.200", "Reserved", "Reserved"],
    ["168.63.129.16", "Reserved", "Reserved"],
    ["224.0.0.1", "Reserved", "Reserved"],
    ["255.255.255.255", "Reserved", "Reserved"],
    ["fe80::1", "Reserved", "Reserved"],
    ["fe80::1%eth0", "Reserved", "Reserved"],
    ["fd00:ec2::254", "Reserved", "Reserved"],
    ["fd20:ce::254", "Reserved", "Reserved"],
    ["ff02::1", "Reserved", "Reserved"],
    ["::ffff:169.254.169.254", "Reserved", "Reserved"],
    ["::ffff:a9fe:a9fe", "Reserved", "Reserved"],
    ["::169.254.169.254", "Reserved", "Reserved"],
    ["64:ff9b::a9fe:a9fe", "Reserved", "Reserved"],
    ["64:ff9b::10.0.0.1", undefined, "Private"],
    ["2002:a9fe:a9fe::1", "Reserved", "Reserved"],
    ["2002:0a00:0001::1", undefined, "Private"],
    ["::ffff:127.0.0.1", undefined, "Private"],
    ["::ffff:8.8.8.8", undefined, undefined],
    ["::ffff:0:10.0.0.1", undefined, "Private"],
    ["", "NotAnAddress", "NotAnAddress"],
    ["localhost", "NotAnAddress", "NotAnAddress"],
    ["0x7f.1", "NotAnAddress", "NotAnAddress"],
    ["2130706433", "NotAnAddress", "NotAnAddress"],
  ];
  for (const [address, registry, elsewhere] of rows)
    it(`${address === "" ? "nothing" : address}: registry ${registry ?? "may"}, elsewhere ${elsewhere ?? "may"}`, () => {
      assert.deepEqual([refuseAddress(address, "registry"), refuseAddress(address, "public")], [registry, elsewhere]);
      assert.equal(refuseAddress(address, "tenant"), elsewhere, "a tenant reaches no more than a registry may send us to");
    });
});

describe("refuseAddress() for the metadata service of this machine", () => {
  for (const address of ["169.254.169.254", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "100.100.100.200"])
    it(`${address}: may`, () => assert.equal(refuseAddress(address, "instance"), undefined));
  for (const address of [
    "169.254.169.253",
    "169.254.170.2",
    "127.0.0.1",
    "10.0.0.1",
    "93.184.216.34",
    "::ffff:169.254.169.254",
    "fe80::1",
    "::1",
  ])
    it(`${address}: NotInstance`, () => assert.equal(refuseAddress(address, "instance"), "NotInstance"));
});

describe("isInnerName()", () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ["localhost", true],
    ["LOCALHOST.", true],
    ["anything.localhost", true],
    ["vault.team-b.svc", true],
    ["vault.team-b.svc.cluster.local", true],
    ["10-0-0-9.team-b.pod.cluster.local", true],
    ["cluster.local", true],
    ["svc.acme.io", false],
    ["mysvc", true],
    ["registry", true],
    ["::1", false],
    ["localhost.acme.io", false],
    ["notcluster.local", false],
    ["registry.acme.io", false],
  ];
  for (const [name, expected] of rows) it(`${name}: ${expected}`, () => assert.equal(isInnerName(name), expected));
});
