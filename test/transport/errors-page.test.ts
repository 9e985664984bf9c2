import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { errorClasses, remedies } from "../../src/api/error-class.ts";

it("docs/reference/errors.md has every class in its order, with its sentence of remedy", () => {
  const page = readFileSync(new URL("../../docs/reference/errors.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)].map(([, name, remedy]) => [name, remedy]);
  assert.deepEqual(
    rows,
    errorClasses.map((name) => [name, remedies[name]]),
  );
});
