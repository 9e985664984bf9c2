import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { stores } from "../../src/store/catalog.ts";

it("docs/reference/store-types.md has a section for every type of the catalog", () => {
  const page = readFileSync(new URL("../../docs/reference/store-types.md", import.meta.url), "utf8");
  assert.deepEqual(
    [...page.matchAll(/^## (\w+)$/gm)].map(([, type]) => type),
    Object.keys(stores),
  );
});
