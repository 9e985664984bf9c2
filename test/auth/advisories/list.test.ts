import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { advisories } from "./advisories.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

describe("the list of advisories", () => {
  for (const [id, files] of Object.entries(advisories))
    it(`says where ${id} is tested`, () => {
      assert.ok(files.length > 0);
      for (const file of files) {
        // As an id of its own: CVE-2026-4789 is not in CVE-2026-47890.
        const found = read(file)
          .split(id)
          .slice(1)
          .some((after) => !/^[0-9]/.test(after));
        assert.ok(found, `${file} names no test after ${id}`);
      }
    });

  it("has every advisory that a test here is named after", () => {
    const known = Object.keys(advisories).join(" ");
    const here = readdirSync(new URL("auth/advisories/", root)).filter((name) => name.endsWith(".test.ts") && name !== "list.test.ts");
    const ids = here.flatMap((name) => read(`auth/advisories/${name}`).match(/CVE-[0-9]{4}-[0-9]+|GHSA(-[0-9a-z]{4}){3}/g) ?? []);
    assert.ok(ids.length > 20);
    for (const id of ids) assert.ok(known.includes(id), `${id} is not in the list`);
  });
});

/** Whatever the guards of the transport are worth, they guard nobody who goes around them. */
describe("CVE-2026-33990 GHSA-x2f5-332j-9xwq: what makes connections", () => {
  it("is no file of a provider, nor of the keychain", () => {
    const files = ["auth", "keychain"].flatMap((room) =>
      readdirSync(new URL(`../src/${room}/`, root), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => `../src/${room}/${name}`),
    );
    assert.ok(files.length > 30);
    const makers =
      /from "(node:)?(http|https|http2|net|tls|dns|dgram|child_process|undici)["/]|globalThis|fetch\((new URL|["`]http)|new WebSocket|process\.env/;
    assert.deepEqual(
      files.filter((path) => makers.test(read(path))),
      [],
    );
  });
});
